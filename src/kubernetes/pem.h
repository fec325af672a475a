// Checks certificates and keys early, so that no TLS handshake fails later.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace le_run::kubernetes {

// What is wrong with the certificates in `pem`, as the end of a sentence. Nothing: it has at least
// one, and all can be read. Never quotes the text.
std::optional<std::string> wrong_with_certificates(const std::string& pem);

// The same for one private key without a passphrase.
std::optional<std::string> wrong_with_key(const std::string& pem);

// Whether the first certificate belongs to the key. Both must have passed the checks above.
bool is_pair(const std::string& certificate_pem, const std::string& key_pem);

// When the first certificate expires; nothing: the text has none.
std::optional<std::chrono::system_clock::time_point> end_of_certificate(const std::string& pem);

} // namespace le_run::kubernetes
