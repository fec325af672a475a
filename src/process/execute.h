// Turns this process into a program, as shells do and execvp does in the inits whose place le-run
// takes: what the kernel takes for no program is a script for /bin/sh, if it is a text.
#pragma once

#include <string>
#include <vector>

namespace le_run::process {

class Program {
public:
    // `path`: of the file, not searched; `argv`: its own name first.
    Program(std::string path, std::vector<std::string> argv);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // Does not return when it works, else the errno of why not. `envp` ends with a null. Only
    // async-signal-safe calls, nothing allocated: for a child between fork and exec.
    int execute(char* const* envp) const;

private:
    std::string path_;
    std::string script_; // the path as sh must see it
    std::vector<std::string> words_;
    std::vector<char*> argv_;
    std::vector<char*> sh_argv_;
};

} // namespace le_run::process
