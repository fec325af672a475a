// with-apiserver CMD ARGS...: runs CMD with one kube-apiserver that all tests below it share, and
// exits as CMD does.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/api_server.h"

namespace {

// CMD keeps our terminal and streams, so it is not a test::Process.
int run(char** argv) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        ::execvp(argv[0], argv);
        std::perror(argv[0]);
        ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) != child) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: with-apiserver CMD [ARGS...]\n");
        return 2;
    }
    try {
        const le_run::test::ApiServer server;
        ::setenv(le_run::test::kSharedApiServerVariable, server.access().folder.c_str(), 1);
        return run(argv + 1);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "with-apiserver: %s\n", error.what());
        return 1;
    }
}
