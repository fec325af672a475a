// Says early what is wrong with certificates and keys, instead of a failed handshake later.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace le_run::kubernetes {

// Nothing when `pem` holds at least one certificate and every certificate in it can be read;
// otherwise what is wrong, e.g. "is not PEM". Never quotes the text.
std::optional<std::string> wrong_with_certificates(const std::string& pem);

// The same for one private key without a passphrase.
std::optional<std::string> wrong_with_key(const std::string& pem);

// Whether the first certificate belongs to the key; both must have passed the checks above.
bool is_pair(const std::string& certificate_pem, const std::string& key_pem);

// When the first certificate ends; nothing for a text without one.
std::optional<std::chrono::system_clock::time_point> end_of_certificate(const std::string& pem);

} // namespace le_run::kubernetes
