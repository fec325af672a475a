// Certificates and keys in PEM form.
#include "fuzz.h"
#include "kubernetes/pem.h"

using namespace le_run::fuzz;
using namespace le_run::kubernetes;

namespace {

// In its own words, which end before the text begins: a number is all that it may depend on.
void check_words(std::string text) {
    text.erase(
        std::remove_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }),
        text.end());
    LE_CHECK(text == "holds a certificate that cannot be read (number )" ||
             text == "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)" ||
             text ==
                 "holds a key with a passphrase, which is not supported; write it without one" ||
             text == "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    const auto certificate = wrong_with_certificates(text);
    const auto key = wrong_with_key(text);
    if (certificate) {
        check_words(*certificate);
    } else {
        LE_CHECK(text.find("-----BEGIN ") != std::string::npos);
    }
    if (key) {
        check_words(*key);
    } else {
        LE_CHECK(text.find("PRIVATE KEY-----") != std::string::npos);
    }
    if (is_pair(text, text)) { // one file with both, as some tools write it
        LE_CHECK(!key);
    }
    return 0;
}
