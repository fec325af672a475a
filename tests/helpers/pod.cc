#include "helpers/pod.h"

#include <csignal>

namespace le_run::test {
namespace {

Command command_of(const ApiServerAccess& access, const Pod::Setup& setup) {
    std::string script = mounts_service_account(setup.service_account) +
                         "mkdir /run/bin; mount --bind /run/bin /usr/local/bin; ";
    for (const auto& [name, file] : setup.programs) {
        script += "cp " + file + " /usr/local/bin/" + name + "; ";
        script += "chmod 755 /usr/local/bin/" + name + "; ";
    }
    // The program may lie below /tmp itself.
    script += "touch /run/program; mount --bind \"$1\" /run/program; shift; "
              "mount -t tmpfs tmpfs /tmp; exec /run/program \"$@\"";
    return {.argv = Words{"unshare", "--mount", "--pid", "--fork", "--mount-proc",
                          "--kill-child=SIGKILL", "sh", "-c", script, "pod"} +
                    setup.command,
            .environment = without_settings() + api_server_variables(access) + setup.environment,
            .inherit_environment = false};
}

} // namespace

std::string mounts_service_account(const std::string& folder) {
    return "set -e; mount -t tmpfs tmpfs /run; mkdir -p /run/secrets/kubernetes.io/serviceaccount; "
           "mount --bind " +
           folder + " /run/secrets/kubernetes.io/serviceaccount; ";
}

Environment api_server_variables(const ApiServerAccess& access) {
    return {{"KUBERNETES_SERVICE_HOST", "127.0.0.1"}, {"KUBERNETES_SERVICE_PORT", access.port}};
}

Pod::Pod(const ApiServerAccess& access, const Setup& setup) : process_(command_of(access, setup)) {}

bool Pod::has_said(const std::string& text) const {
    return process_.out().find(text) != std::string::npos;
}

pid_t Pod::first_process() const {
    const auto children = children_of(process_.pid());
    return children.empty() ? 0 : children.front();
}

void Pod::signal(int number) {
    if (const pid_t pid = first_process(); pid != 0) {
        ::kill(pid, number);
    }
}

int Pod::exec(const Words& command) const {
    Process inside({.argv = Words{"nsenter", "--target", std::to_string(first_process()), "--mount",
                                  "--pid", "--"} +
                            command});
    return inside.wait().value_or(-1);
}

} // namespace le_run::test
