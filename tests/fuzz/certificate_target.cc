// What a server's certificate makes a message say.
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/one_line.h"
#include "fuzz.h"
#include "net/certificate_names.h"
#include "net/certificate_text.h"

using namespace le_run::fuzz;
using le_run::net::describe_trust_failure;

namespace {

template <class T, void (*Free)(T*)>
struct Deleter {
    void operator()(T* object) const { Free(object); }
};
using Certificate = std::unique_ptr<X509, Deleter<X509, X509_free>>;

void check(X509* certificate, std::size_t size) {
    le_run::net::is_made_for(certificate, "api.example.test");
    for (const int error :
         {X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH, X509_V_ERR_CERT_HAS_EXPIRED,
          X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
          X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_INVALID_CA}) {
        const std::string text =
            describe_trust_failure(error, certificate, "api.example.test", size % 2 == 1, {}).text;
        LE_CHECK(text.starts_with("certificate ") && text.size() < 1500);
        LE_CHECK(le_run::one_line(text, text.size()) == text);
    }
}

// A certificate whose subject and alternative names are the bytes: random bytes are seldom a whole
// one.
Certificate made_of(const std::uint8_t* data, std::size_t size) {
    Certificate certificate(X509_new());
    const int length = static_cast<int>(size);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", V_ASN1_T61STRING,
                               data, length, -1, 0);
    using Octets = std::unique_ptr<ASN1_OCTET_STRING, Deleter<ASN1_STRING, ASN1_STRING_free>>;
    const Octets octets(ASN1_OCTET_STRING_new());
    ASN1_OCTET_STRING_set(octets.get(), data, length);
    using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION, X509_EXTENSION_free>>;
    const Extension names(
        X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, octets.get()));
    X509_add_ext(certificate.get(), names.get(), -1);
    return certificate;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const unsigned char* at = data;
    if (const Certificate whole{d2i_X509(nullptr, &at, static_cast<long>(size))}) {
        check(whole.get(), size);
    }
    check(made_of(data, size).get(), size);
    return 0;
}
