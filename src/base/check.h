// LE_CHECK stops the program at a bug, in release builds too.
//
// Stopping is safe: when le-run dies, the guard ends the work; when the guard dies, le-run ends it.
// LE_CHECK writes with write(2) only, so it is safe in any state of the process, even between fork
// and exec.
#pragma once

#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace le_run {

[[noreturn]] inline void check_failed(const char* condition, const char* place) {
    const auto put = [](const char* text) {
        [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, text, std::strlen(text));
    };
    put("le-run: bug: ");
    put(condition);
    put(" at ");
    put(place);
    put("\n");
    std::abort();
}

} // namespace le_run

#define LE_CHECK_TEXT_(x) #x
#define LE_CHECK_TEXT(x) LE_CHECK_TEXT_(x)
#define LE_CHECK(condition)                                                                        \
    ((condition) ? void(0)                                                                         \
                 : ::le_run::check_failed("`" #condition "` does not hold",                        \
                                          __FILE__ ":" LE_CHECK_TEXT(__LINE__)))
