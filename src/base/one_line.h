// What others wrote (a server, a certificate, another candidate), fit for one line of a log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace le_run {

// Blanks for whatever ends a line, steers a terminal, turns the direction of writing or cannot be
// seen, and '?' for bytes that are no UTF-8; cut after `most` bytes, and then it ends with "...".
std::string one_line(std::string_view text, std::size_t most = 2000);

} // namespace le_run
