#include "kubernetes/pem.h"

#include <algorithm>
#include <ctime>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace le_run::kubernetes {
namespace {

struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// Without this callback, OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

Owned<BIO> open_text(const std::string& text) {
    return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Owned<X509> next_certificate(BIO* bio) {
    bool asked = false;
    return Owned<X509>(PEM_read_bio_X509(bio, nullptr, no_passphrase, &asked));
}

Owned<EVP_PKEY> read_key(const std::string& pem, bool& asked) {
    return Owned<EVP_PKEY>(
        PEM_read_bio_PrivateKey(open_text(pem).get(), nullptr, no_passphrase, &asked));
}

} // namespace

std::optional<std::string> wrong_with_certificates(const std::string& pem) {
    ERR_clear_error();
    const auto bio = open_text(pem);
    int count = 0;
    while (next_certificate(bio.get())) {
        ++count;
    }
    // "no start line" means the end of the text. Any other error is a block that cannot be read.
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!at_end) {
        return "holds a certificate that cannot be read (number " + std::to_string(count + 1) + ")";
    }
    if (count == 0) {
        return "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)";
    }
    return std::nullopt;
}

std::optional<std::string> wrong_with_key(const std::string& pem) {
    ERR_clear_error();
    bool asked = false;
    const auto key = read_key(pem, asked);
    ERR_clear_error();
    if (key) {
        return std::nullopt;
    }
    if (asked) {
        return "holds a key with a passphrase, which is not supported; write it without one";
    }
    return "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)";
}

bool is_pair(const std::string& certificate_pem, const std::string& key_pem) {
    const auto certificate = next_certificate(open_text(certificate_pem).get());
    bool asked = false;
    const auto key = read_key(key_pem, asked);
    const bool pair =
        certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    return pair;
}

std::optional<std::chrono::system_clock::time_point> end_of_certificate(const std::string& pem) {
    const auto certificate = next_certificate(open_text(pem).get());
    ERR_clear_error();
    std::tm end{};
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) {
        return std::nullopt;
    }
    constexpr std::time_t kLatest = 9'000'000'000; // the clock's range ends in 2262
    return std::chrono::system_clock::from_time_t(std::min(::timegm(&end), kLatest));
}

} // namespace le_run::kubernetes
