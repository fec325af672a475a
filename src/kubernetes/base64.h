// The base64 of the ...-data fields of a kubeconfig, and of a password in a header.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace le_run::kubernetes {

// The bytes of padded or unpadded standard base64; blanks and line ends inside are skipped. Nothing
// for any other text.
std::optional<std::string> decode_base64(std::string_view text);

// Padded, on one line.
std::string encode_base64(std::string_view bytes);

} // namespace le_run::kubernetes
