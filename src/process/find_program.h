// Finds the command as a shell would, before le-run contends for the lease.
#pragma once

#include <stdexcept>
#include <string>

namespace le_run::process {

// what() is one line for the user; exit with code(): 127 not found, 126 found but not executable.
class ProgramError : public std::runtime_error {
public:
    ProgramError(const std::string& text, int code) : std::runtime_error(text), code_(code) {}
    int code() const { return code_; }

private:
    int code_;
};

// The path of `command`: `command` itself if it has a slash, otherwise the first executable of that
// name in `path` (PATH; an empty entry is the current folder). Throws ProgramError.
std::string find_program(const std::string& command, const std::string& path);

} // namespace le_run::process
