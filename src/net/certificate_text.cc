#include "net/certificate_text.h"

#include <memory>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/one_line.h"

namespace le_run::net {

namespace {

constexpr std::size_t kMaxText = 200; // for each text from the certificate

std::string drain(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return one_line({data, static_cast<std::size_t>(size)}, kMaxText);
}

std::string text_of(const X509_NAME* name) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
    const std::string text = drain(bio.get());
    return text.empty() ? "no subject" : text;
}

std::string text_of(const ASN1_TIME* time) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    ASN1_TIME_print(bio.get(), time);
    return drain(bio.get());
}

std::string text_of(const GENERAL_NAME* name) {
    int type = 0;
    const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &type));
    if (type != GEN_DNS && type != GEN_IPADD) {
        return {};
    }
    const auto* data = ASN1_STRING_get0_data(value);
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(value));
    if (type == GEN_DNS) {
        return one_line({reinterpret_cast<const char*>(data), size}, kMaxText);
    }
    if (size != 4 && size != 16) {
        return {};
    }
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(size == 4 ? AF_INET : AF_INET6, data, text, sizeof text);
    return text;
}

std::string names_of(X509* certificate) {
    using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;
    const Names names(static_cast<GENERAL_NAMES*>(
                          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
                      GENERAL_NAMES_free);
    std::string text;
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const std::string name = text_of(sk_GENERAL_NAME_value(names.get(), i));
        if (name.empty()) {
            continue;
        }
        if (text.size() > kMaxText) {
            return text + ", ...";
        }
        text += (text.empty() ? "" : ", ") + name;
    }
    return text.empty() ? "no name or address (the common name does not count)" : text;
}

} // namespace

TrustFailure describe_trust_failure(int error, X509* certificate, const std::string& expected,
                                    bool is_proxy, WallSeconds now) {
    if (certificate == nullptr) {
        return {X509_verify_cert_error_string(error)};
    }
    const std::string issuer = text_of(X509_get_issuer_name(certificate));
    const std::string begin = text_of(X509_get0_notBefore(certificate));
    const std::string end = text_of(X509_get0_notAfter(certificate));
    const std::string which = "certificate " + text_of(X509_get_subject_name(certificate)) +
                              " (issued by " + issuer + ", valid from " + begin + " to " + end +
                              "): ";
    const std::string clock = "this machine's clock says " + text_of(now) +
                              ": set it if that is wrong, else renew the certificate";
    const std::string trust_it = "give its CA as certificate-authority if you trust it";
    switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return {which + "hostname mismatch: it is not for " + expected + " but for " +
                names_of(certificate) + "; connect by a name that it is for" +
                (is_proxy ? "" : ", or give that as tls-server-name")};
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return {which + "expired on " + end + "; " + clock, true};
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return {which + "not valid before " + begin + "; " + clock, true};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return {which + "self-signed, and not among the trusted ones; " + trust_it};
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return {which + "signed by an unknown authority (" + issuer + "); " + trust_it};
    default:
        return {which + X509_verify_cert_error_string(error)};
    }
}

} // namespace le_run::net
