// A pod as le-run sees it: namespaces of its own, the service account's folder, the API server's
// address in the environment.
#pragma once

#include <string>

#include "helpers/api_server.h"
#include "helpers/process.h"
#include "helpers/replica.h"

namespace le_run::test {

// Shell commands, for root in a mount namespace of its own: `folder` is mounted where Kubernetes
// mounts a pod's service account.
std::string mounts_service_account(const std::string& folder);
// Where the pod is told to find the API server.
Environment api_server_variables(const ApiServerAccess& access);

// One container: the command, whose program is named by its path, is PID 1 of it. /tmp is empty,
// and /usr/local/bin holds `programs`. Root only.
class Pod {
public:
    struct Setup {
        Words command{};
        Environment environment{};
        std::string service_account{};                               // folder
        std::vector<std::pair<std::string, std::string>> programs{}; // name, file
    };
    Pod(const ApiServerAccess& access, const Setup& setup);

    Process& process() { return process_; }
    std::string log() const { return process_.err(); }
    bool has_said(const std::string& text) const;
    // To PID 1.
    void signal(int number);
    // As a probe: runs a command in the container and returns its exit code.
    int exec(const Words& command) const;

private:
    pid_t first_process() const;

    Process process_;
};

} // namespace le_run::test
