#include "kubernetes/user.h"

#include <algorithm>
#include <cstdint>
#include <memory>

#include <nlohmann/json.hpp>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/one_line.h"
#include "kubernetes/base64.h"

namespace le_run::kubernetes {
namespace {

constexpr std::size_t kMaxClaims = 64 * 1024;
constexpr std::size_t kMaxName = 253;

std::string common_name_of(const std::string& certificate_pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())),
        BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
    ERR_clear_error();
    if (!certificate) {
        return {};
    }
    char name[kMaxName + 1] = "";
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()),
                                               NID_commonName, name, sizeof name);
    return size > 0 ? one_line(name, kMaxName) : "";
}

// Empty: there is none.
std::string text_at(const nlohmann::json& claims, const char* place) {
    const nlohmann::json::json_pointer pointer(place);
    const bool is_text = claims.contains(pointer) && claims.at(pointer).is_string();
    return is_text ? one_line(claims.at(pointer).get<std::string>(), kMaxName) : "";
}

} // namespace

std::optional<TokenClaims> read_claims(const std::string& token) {
    const auto first = token.find('.');
    const auto second = first == std::string::npos ? first : token.find('.', first + 1);
    if (second == std::string::npos || second - first > kMaxClaims) {
        return std::nullopt;
    }
    std::string encoded = token.substr(first + 1, second - first - 1);
    std::replace(encoded.begin(), encoded.end(), '-', '+');
    std::replace(encoded.begin(), encoded.end(), '_', '/');
    const auto decoded = decode_base64(encoded);
    const auto claims = decoded ? nlohmann::json::parse(*decoded, nullptr, false)
                                : nlohmann::json(nlohmann::json::value_t::discarded);
    if (!claims.is_object()) {
        return std::nullopt;
    }
    TokenClaims read;
    read.subject = text_at(claims, "/sub");
    const auto expires = claims.find("exp");
    constexpr std::int64_t kYear9999 = 253'402'300'799;
    if (expires != claims.end() && expires->is_number_unsigned() &&
        expires->get<std::uint64_t>() <= kYear9999) {
        read.expires = std::chrono::sys_seconds(std::chrono::seconds(expires->get<std::int64_t>()));
    }
    read.pod_namespace = text_at(claims, "/kubernetes.io/namespace");
    read.pod = text_at(claims, "/kubernetes.io/pod/name");
    return read;
}

std::string user_of(const std::string& token, const std::string& client_certificate_pem) {
    const std::string name = common_name_of(client_certificate_pem);
    if (!name.empty()) {
        return name;
    }
    // For any other token, the server may use another name than the subject.
    const auto claims = read_claims(token);
    return claims && claims->subject.starts_with("system:serviceaccount:") ? claims->subject : "";
}

} // namespace le_run::kubernetes
