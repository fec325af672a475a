#include "helpers/certificates.h"

#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace le_run::test {
namespace {

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using X509Pointer = std::unique_ptr<X509, Freer<X509_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;

void require(bool good, const char* what) {
    if (!good) {
        throw std::runtime_error(std::string("certificates: ") + what);
    }
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(size));
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
    require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1,
            value.c_str());
}

void add_name(X509_NAME* name, const char* field, const std::string& value) {
    if (!value.empty()) {
        require(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                           reinterpret_cast<const unsigned char*>(value.c_str()),
                                           -1, -1, 0) == 1,
                field);
    }
}

X509Pointer blank(EVP_PKEY* key, const std::string& common_name, const std::string& organization) {
    X509Pointer certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    std::uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24 * 3600);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    add_name(subject, "O", organization);
    add_name(subject, "CN", common_name);
    return certificate;
}

Certificate to_pem(X509* certificate, EVP_PKEY* key) {
    Bio certificate_bio(BIO_new(BIO_s_mem()));
    Bio key_bio(BIO_new(BIO_s_mem()));
    require(PEM_write_bio_X509(certificate_bio.get(), certificate) == 1, "certificate as PEM");
    require(PEM_write_bio_PrivateKey_traditional(key_bio.get(), key, nullptr, nullptr, 0, nullptr,
                                                 nullptr) == 1,
            "key as PEM");
    return {text_of(certificate_bio.get()), text_of(key_bio.get())};
}

} // namespace

Certificate make_authority(const std::string& common_name) {
    const Key key(EVP_EC_gen("P-256"));
    require(key != nullptr, "key");
    const X509Pointer certificate = blank(key.get(), common_name, "");
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
    add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), certificate.get(), NID_key_usage,
                  "critical,keyCertSign,cRLSign");
    add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
    require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "signature");
    return to_pem(certificate.get(), key.get());
}

Certificate make_certificate(const Certificate& authority, const std::string& common_name,
                             const std::string& organization,
                             const std::string& alternative_names) {
    Bio issuer_bio(BIO_new_mem_buf(authority.certificate_pem.data(),
                                   static_cast<int>(authority.certificate_pem.size())));
    Bio issuer_key_bio(
        BIO_new_mem_buf(authority.key_pem.data(), static_cast<int>(authority.key_pem.size())));
    const X509Pointer issuer(PEM_read_bio_X509(issuer_bio.get(), nullptr, nullptr, nullptr));
    const Key issuer_key(PEM_read_bio_PrivateKey(issuer_key_bio.get(), nullptr, nullptr, nullptr));
    const Key key(EVP_EC_gen("P-256"));
    require(issuer != nullptr && issuer_key != nullptr && key != nullptr, "authority");

    const X509Pointer certificate = blank(key.get(), common_name, organization);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get()));
    add_extension(certificate.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate.get(), issuer.get(), NID_key_usage,
                  "critical,digitalSignature,keyEncipherment");
    add_extension(certificate.get(), issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(certificate.get(), issuer.get(), NID_authority_key_identifier, "keyid");
    if (!alternative_names.empty()) {
        add_extension(certificate.get(), issuer.get(), NID_subject_alt_name, alternative_names);
    }
    require(X509_sign(certificate.get(), issuer_key.get(), EVP_sha256()) > 0, "signature");
    return to_pem(certificate.get(), key.get());
}

} // namespace le_run::test
