// The lock file that --lock names.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace le_run::file_store {

struct FileLock {
    static constexpr std::string_view kScheme = "file://";
    static constexpr std::string_view kForms = "file:///PATH";

    // Reads the part after the scheme, or returns what is wrong with it and what to write instead.
    static std::variant<FileLock, std::string> parse(const std::string& rest);

    std::string path; // absolute
};

} // namespace le_run::file_store
