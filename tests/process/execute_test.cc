// Which files are run, by the kernel or by sh, and which are refused.
#include "process/execute.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"

using namespace le_run;
using namespace le_run::test;

namespace {

// What the program `name` in `folder`, started there with the argument "a b", writes; or the name
// of the error.
std::string result_of(const ScratchFolder& folder, const std::string& name) {
    const process::Program program(name, {"zero", "a b"});
    const std::string output = folder.file("output");
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        char* const no_environment[] = {nullptr};
        const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        ::dup2(fd, STDOUT_FILENO);
        ::dup2(fd, STDERR_FILENO);
        if (::chdir(folder.path().c_str()) != 0) {
            ::_exit(1);
        }
        const int error = program.execute(no_environment);
        ::_exit(error == ENOEXEC ? 100 : error == ENOENT ? 101 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    switch (WEXITSTATUS(status)) {
    case 0:
        return read_file(output);
    case 100:
        return "ENOEXEC";
    case 101:
        return "ENOENT";
    default:
        return "ends with " + std::to_string(WEXITSTATUS(status)) + ": " + read_file(output);
    }
}

std::string run_of(const std::string& bytes) {
    const ScratchFolder folder;
    const std::string path = folder.write("file", bytes);
    REQUIRE(::chmod(path.c_str(), 0755) == 0);
    return result_of(folder, "./file");
}

} // namespace

TEST_CASE("a text without a program's beginning is run by sh") {
    CHECK(run_of("echo \"$0|$#|$1\"\n") == "./file|1|a b\n");
    CHECK(run_of("#!/bin/sh\necho by the kernel\n") == "by the kernel\n");
    CHECK(run_of("#!\necho \"$1\"\n") == "a b\n"); // names nobody
    CHECK(run_of("#! \t\necho \"$1\"\n") == "a b\n");
    CHECK(run_of("echo '\x1b[1m\tcaf\xc3\xa9, caf\xe9'\n\t\n") ==
          "\x1b[1m\tcaf\xc3\xa9, caf\xe9\n");
    CHECK(run_of("").empty());
}

TEST_CASE("what is no text is not run by sh") {
    std::string noise; // of each byte but NUL
    for (int i = 0; i < 128; ++i) {
        noise += static_cast<char>(i * 37 % 255 + 1);
    }
    CHECK(run_of(noise) == "ENOEXEC");
    CHECK(run_of("\x7f"
                 "ELF") == "ENOEXEC");
    CHECK(run_of(std::string("echo a program\n") + std::string(300, '#') + '\0') == "ENOEXEC");
    CHECK(run_of(std::string(8, '\0')) == "ENOEXEC");
}

TEST_CASE("a script for an interpreter that the kernel cannot start is not run by sh") {
    CHECK(run_of("#!/" + std::string(300, 'x') + "/python3\necho by sh\n") == "ENOEXEC");
    CHECK(run_of("#!/no/such/interpreter\necho by sh\n") == "ENOENT");
}

TEST_CASE("the path of a script is no option of sh") {
    const ScratchFolder folder;
    for (const std::string name : {"-d", "+x"}) {
        CAPTURE(name);
        REQUIRE(::mkdir(folder.file(name).c_str(), 0755) == 0);
        REQUIRE(::chmod(folder.write(name + "/script", "echo \"$1\"\n").c_str(), 0755) == 0);
        CHECK(result_of(folder, name + "/script") == "a b\n");
    }
}
