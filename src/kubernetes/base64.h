// Base64, for the ...-data fields of a kubeconfig and for a password in a header.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace le_run::kubernetes {

// Decodes standard base64, padded or not; skips blanks and line ends. Nothing: any other text.
std::optional<std::string> decode_base64(std::string_view text);

// Padded, on one line.
std::string encode_base64(std::string_view bytes);

} // namespace le_run::kubernetes
