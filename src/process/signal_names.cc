#include "process/signal_names.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <csignal>
#include <cstring>

namespace le_run::process {
namespace {

std::optional<int> parse_number(const std::string& text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && !text.empty() ? std::optional(value) : std::nullopt;
}

bool is_signal(int number) { // the C library uses 32 and 33 itself
    return number >= 1 && (number < 32 || (number >= SIGRTMIN && number <= SIGRTMAX));
}

} // namespace

std::optional<int> parse_signal(const std::string& text) {
    std::string name = text;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    if (name.rfind("SIG", 0) == 0) {
        name.erase(0, 3);
    }
    std::optional<int> number = parse_number(name);
    for (int n = 1; n < 32 && !number; ++n) {
        const char* abbreviation = ::sigabbrev_np(n);
        if (abbreviation != nullptr && name == abbreviation) {
            number = n;
        }
    }
    if (!number && name.rfind("RTMIN", 0) == 0) {
        const auto offset =
            name == "RTMIN" ? std::optional(0) : parse_number(name.substr(name[5] == '+' ? 6 : 5));
        number = offset ? std::optional(SIGRTMIN + *offset) : std::nullopt;
    }
    if (!number && name.rfind("RTMAX", 0) == 0) { // from_chars reads the minus sign too
        const auto offset = name == "RTMAX" ? std::optional(0) : parse_number(name.substr(5));
        number = offset ? std::optional(SIGRTMAX + *offset) : std::nullopt;
    }
    return number && is_signal(*number) ? number : std::nullopt;
}

std::string signal_name(int number) {
    if (number >= SIGRTMIN && number <= SIGRTMAX) {
        return number == SIGRTMIN ? "SIGRTMIN" : "SIGRTMIN+" + std::to_string(number - SIGRTMIN);
    }
    const char* abbreviation = number > 0 && number < 32 ? ::sigabbrev_np(number) : nullptr;
    return abbreviation != nullptr ? std::string("SIG") + abbreviation
                                   : "signal " + std::to_string(number);
}

bool ends_by_default(int number) {
    switch (number) {
    case SIGCHLD:
    case SIGCONT:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGURG:
    case SIGWINCH:
        return false;
    default:
        return true;
    }
}

} // namespace le_run::process
