// Makes text from outside (a server, a certificate, another candidate) fit for one line of a log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace le_run {

// Replaces characters that end a line, control a terminal, change the direction of writing or are
// invisible by blanks, and bytes that are not UTF-8 by '?'. A text above `most` bytes is cut and
// ends with "...".
std::string one_line(std::string_view text, std::size_t most = 2000);

} // namespace le_run
