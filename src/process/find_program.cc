#include "process/find_program.h"

#include <filesystem>

#include <unistd.h>

#include "base/exit_code.h"

namespace le_run::process {
namespace {

enum class Kind { kMissing, kNotExecutable, kExecutable };

Kind examine(const std::string& file) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (error || !std::filesystem::exists(status)) {
        // A folder on the way may not be entered. As in execve, this counts as "not executable".
        return error == std::errc::permission_denied ? Kind::kNotExecutable : Kind::kMissing;
    }
    const bool executable =
        std::filesystem::is_regular_file(status) && ::access(file.c_str(), X_OK) == 0;
    return executable ? Kind::kExecutable : Kind::kNotExecutable;
}

[[noreturn]] void fail(const std::string& command, Kind kind, const std::string& where) {
    if (kind == Kind::kMissing) {
        const bool has_blank = command.find_first_of(" \t") != std::string::npos;
        throw ProgramError("command \"" + command + "\" was not found" + where +
                               (has_blank ? ": it has a blank in it: write the command and each "
                                            "argument as words of their own, not as one"
                                          : ": write its path, or put its folder into PATH"),
                           kExitNotFound);
    }
    throw ProgramError("command \"" + command + "\" is not an executable file" + where +
                           ": give it execute permission (chmod +x), or name another",
                       kExitNotExecutable);
}

} // namespace

std::string find_program(const std::string& command, const std::string& path) {
    if (command.find('/') != std::string::npos) {
        const Kind kind = examine(command);
        if (kind != Kind::kExecutable) {
            fail(command, kind, "");
        }
        return command;
    }
    Kind best = Kind::kMissing;
    std::string found = command;
    for (std::size_t begin = 0; !command.empty() && begin <= path.size();) {
        const auto end = std::min(path.find(':', begin), path.size());
        const std::string folder = path.substr(begin, end - begin);
        std::string file = (folder.empty() ? "." : folder) + "/" + command;
        const Kind kind = examine(file);
        if (kind == Kind::kExecutable) {
            return file;
        }
        std::error_code hidden;
        if (kind == Kind::kNotExecutable && best == Kind::kMissing &&
            !std::filesystem::is_directory(file, hidden)) {
            best = kind;
            found = file;
        }
        begin = end + 1;
    }
    fail(found, best, best == Kind::kMissing ? " in PATH (" + path + ")" : "");
}

} // namespace le_run::process
