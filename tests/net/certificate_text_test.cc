#include "net/certificate_text.h"

#include <memory>

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "helpers/catch.h"

using le_run::net::describe_trust_failure;
using le_run::test::contains;

namespace {

// What is said of a certificate whose one alternative name is an IP address of these bytes.
std::string said_of_address(const std::string& bytes) {
    using Text = std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_STRING_free)>;
    const auto length = static_cast<char>(bytes.size());
    const std::string der =
        std::string{'\x30', static_cast<char>(length + 2), '\x87', length} + bytes;
    const Text octets(ASN1_OCTET_STRING_new(), ASN1_STRING_free);
    ASN1_OCTET_STRING_set(octets.get(), reinterpret_cast<const unsigned char*>(der.data()),
                          static_cast<int>(der.size()));
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> names(
        X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, octets.get()),
        X509_EXTENSION_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    REQUIRE(X509_add_ext(certificate.get(), names.get(), -1) == 1);
    return describe_trust_failure(X509_V_ERR_HOSTNAME_MISMATCH, certificate.get(), "api", false, {})
        .text;
}

} // namespace

TEST_CASE("the addresses of a certificate are shown") {
    CHECK_THAT(said_of_address(std::string("\x0a\x00\x00\x01", 4)),
               contains("it is not for api but for 10.0.0.1"));
    CHECK_THAT(said_of_address(std::string(15, '\0') + '\1'),
               contains("it is not for api but for ::1"));
}

TEST_CASE(
    "an address of another length in a certificate is left out, and not read beyond its end") {
    for (const std::size_t length : {0, 1, 3, 5, 15, 17}) {
        CAPTURE(length);
        CHECK_THAT(said_of_address(std::string(length, '\1')),
                   contains("but for no name or address"));
    }
}
