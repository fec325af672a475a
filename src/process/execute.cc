#include "process/execute.h"

#include <cerrno>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace le_run::process {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Whether a text file never has this character. ESC is allowed, because scripts use it for colours.
bool is_binary(char c) {
    constexpr char kEscape = '\x1b', kDelete = '\x7f';
    const bool is_control = static_cast<unsigned char>(c) < ' '; // char is unsigned on arm64
    return (is_control && !is_blank(c) && c != kEscape) || c == kDelete;
}

// Whether the file begins with "#!" and an interpreter. The kernel rejected it, so that line is too
// long or broken. sh must not run it, because the script is in another language.
bool names_interpreter(std::string_view start) {
    if (!start.starts_with("#!")) {
        return false;
    }
    for (const char c : start.substr(2)) {
        if (c == '\n') {
            return false;
        }
        if (!is_blank(c)) {
            return true;
        }
    }
    return false;
}

// Looks at the file's start. A program that is damaged or for another machine has control
// characters there.
bool is_script(const char* path) {
    char start[4096];
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = ::read(fd, start, sizeof start);
    ::close(fd);
    if (size < 0) {
        return false;
    }
    const std::string_view text(start, static_cast<std::size_t>(size));
    for (const char c : text) {
        if (is_binary(c)) {
            return false;
        }
    }
    return !names_interpreter(text);
}

} // namespace

Program::Program(std::string path, std::vector<std::string> argv)
    : path_(std::move(path)),
      script_(path_.starts_with('-') || path_.starts_with('+') ? "./" + path_ : path_),
      words_(std::move(argv)) {
    sh_argv_ = {const_cast<char*>("sh"), script_.data()};
    for (std::size_t i = 0; i < words_.size(); ++i) {
        argv_.push_back(words_[i].data());
        if (i > 0) {
            sh_argv_.push_back(words_[i].data());
        }
    }
    argv_.push_back(nullptr);
    sh_argv_.push_back(nullptr);
}

int Program::execute(char* const* envp) const {
    ::execve(path_.c_str(), argv_.data(), envp);
    const int error = errno;
    if (error == ENOEXEC && is_script(path_.c_str())) {
        ::execve("/bin/sh", sh_argv_.data(), envp);
    }
    return error;
}

} // namespace le_run::process
