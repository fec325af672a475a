// Replaces this process by a program, like execvp: if the kernel rejects the file's format and the
// file is text, /bin/sh runs it.
#pragma once

#include <string>
#include <vector>

namespace le_run::process {

class Program {
public:
    // `path` is not searched in PATH. `argv` begins with the program's name.
    Program(std::string path, std::vector<std::string> argv);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // Does not return on success; otherwise returns the errno. `envp` ends with a null pointer. For
    // a child between fork and exec: only async-signal-safe calls, no allocation.
    int execute(char* const* envp) const;

private:
    std::string path_;
    std::string script_; // the path, in a form that sh does not take for an option
    std::vector<std::string> words_;
    std::vector<char*> argv_;
    std::vector<char*> sh_argv_;
};

} // namespace le_run::process
