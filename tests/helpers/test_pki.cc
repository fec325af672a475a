#include "helpers/test_pki.h"

#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace le_run::test {

namespace {

template <auto function>
struct Free {
    template <typename T>
    void operator()(T* object) const {
        function(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;

void require(bool holds, const char* what) {
    if (!holds) {
        throw std::runtime_error(std::string("test certificates: ") + what);
    }
}

Key make_key() {
    Key key(EVP_EC_gen("P-256"));
    require(key != nullptr, "no key");
    return key;
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(bio.get());
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    require(extension != nullptr, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

// A certificate that still lacks its extensions and its signature.
Certificate make_bare(const PkiRequest& request, EVP_PKEY* key, X509* issuer) {
    Certificate made(X509_new());
    X509_set_version(made.get(), 2);
    unsigned char serial[8];
    require(RAND_bytes(serial, sizeof serial) == 1, "no random serial number");
    serial[0] = static_cast<unsigned char>((serial[0] & 0x3f) | 0x40);
    BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made.get()));
    BN_free(number);
    constexpr long kHour = 3600;
    X509_gmtime_adj(X509_getm_notBefore(made.get()),
                    request.is_not_yet_valid ? kHour : -48 * kHour);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), request.is_expired ? -kHour : 48 * kHour);
    X509_NAME* name = X509_get_subject_name(made.get());
    const auto add = [&](const char* field, const std::string& value) {
        if (!value.empty()) {
            X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(value.c_str()), -1,
                                       -1, 0);
        }
    };
    add("O", request.organization);
    add("CN", request.common_name);
    X509_set_issuer_name(made.get(),
                         X509_get_subject_name(issuer != nullptr ? issuer : made.get()));
    X509_set_pubkey(made.get(), key);
    return made;
}

void sign(X509* certificate, EVP_PKEY* key) {
    require(X509_sign(certificate, key, EVP_sha256()) > 0, "signing failed");
}

PkiIdentity make_leaf(const PkiRequest& request, X509* issuer, EVP_PKEY* issuer_key) {
    const Key key = make_key();
    const Certificate made = make_bare(request, key.get(), issuer);
    X509* signer = issuer != nullptr ? issuer : made.get();
    add_extension(made.get(), signer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made.get(), signer, NID_ext_key_usage,
                  request.is_client ? "clientAuth" : "serverAuth");
    std::string names;
    for (const auto& each : request.dns) {
        names += (names.empty() ? "DNS:" : ",DNS:") + each;
    }
    for (const auto& each : request.ips) {
        names += (names.empty() ? "IP:" : ",IP:") + each;
    }
    if (!names.empty()) {
        add_extension(made.get(), signer, NID_subject_alt_name, names);
    }
    sign(made.get(), issuer_key != nullptr ? issuer_key : key.get());
    return {pem_of(made.get()), pem_of(key.get())};
}

} // namespace

class TestCa::State {
public:
    State(const std::string& common_name, const State* signer) : key(make_key()) {
        PkiRequest request;
        request.common_name = common_name;
        X509* issuer = signer == nullptr ? nullptr : signer->certificate.get();
        certificate = make_bare(request, key.get(), issuer);
        if (issuer == nullptr) {
            issuer = certificate.get();
        }
        add_extension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(certificate.get(), issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
        sign(certificate.get(), signer == nullptr ? key.get() : signer->key.get());
        pem = pem_of(certificate.get());
    }

    Key key;
    Certificate certificate;
    std::string pem;
};

TestCa::TestCa(const std::string& common_name)
    : state_(std::make_unique<State>(common_name, nullptr)) {}

TestCa::TestCa(const std::string& common_name, const TestCa& signer)
    : state_(std::make_unique<State>(common_name, signer.state_.get())) {}

TestCa::~TestCa() = default;
TestCa::TestCa(TestCa&&) noexcept = default;

const std::string& TestCa::certificate_pem() const { return state_->pem; }

PkiIdentity TestCa::issue(const PkiRequest& request) const {
    return make_leaf(request, state_->certificate.get(), state_->key.get());
}

PkiIdentity make_self_signed(const PkiRequest& request) {
    return make_leaf(request, nullptr, nullptr);
}

} // namespace le_run::test
