// A real kube-apiserver with a real etcd, both on loopback ports that the kernel chose, data in a
// scratch folder.
//
// Starting takes some seconds, so tests share one (`with-apiserver ctest ...`) where they only use
// it, and start their own where they freeze, kill or restart it. Users by token: admin
// (everything), replica and nobody (only what Roles grant; helpers/cluster.h makes those).
#pragma once

#include <csignal>
#include <memory>
#include <string>

#include "helpers/etcd.h"
#include "helpers/process.h"

namespace le_run::test {

// How to reach a server: all that another process needs, too.
struct ApiServerAccess {
    // ca.crt, server.crt, server.key, admin.crt, admin.key, admin-2.crt, admin-2.key, other-ca.crt,
    // audit.log.
    std::string folder;
    std::string port; // on 127.0.0.1

    std::string file(const std::string& name) const { return folder + "/" + name; }
    std::string text(const std::string& name) const { return read_file(file(name)); }
};

// A name, beside localhost, that its certificate is for; nothing resolves it by itself.
constexpr const char* kApiServerName = "api.test";

constexpr const char* kAdminToken = "admin-token-4711";
constexpr const char* kReplicaToken = "replica-token-4712";
constexpr const char* kNobodyToken = "nobody-token-4713";

class ApiServer {
public:
    // Starts both, and waits until the server says it is ready. Throws when it does not come up.
    explicit ApiServer(int etcd_members = 1);
    ~ApiServer(); // ends both

    const ApiServerAccess& access() const { return access_; }

    // The server answers nothing, connections stay; then goes on.
    void freeze() { server_->signal(SIGSTOP); }
    void thaw() { server_->signal(SIGCONT); }
    void freeze_etcd() { etcd_->freeze(); }
    void freeze_watched_etcd_leader() { etcd_->freeze_watched_leader(); }
    void thaw_etcd() { etcd_->thaw(); }

    // SIGKILL; connections are refused from now on. Start it again on the same data and port.
    void kill();
    void start_again();
    void kill_etcd();
    void start_etcd_again();
    // What etcd holds now; then both are killed and started again on that, with its old versions.
    void back_up_etcd() { etcd_->back_up(); }
    void restore_etcd();

    void wait_until_ready();

private:
    bool start_both();
    void start_server();
    bool is_ready() const;
    void write_files() const;

    ScratchFolder scratch_;
    ApiServerAccess access_;
    int etcd_members_;
    std::unique_ptr<Etcd> etcd_;
    std::unique_ptr<Process> server_;
};

// The one that `with-apiserver` started, else one for this test process alone. Never freeze or kill
// it.
const ApiServerAccess& shared_api_server();

// Where with-apiserver tells its access: the variable names a folder, the file `port` in it
// completes it.
constexpr const char* kSharedApiServerVariable = "LE_RUN_TEST_APISERVER";

// The program client-go ships as its leader election example, or any other of the assets.
std::string kubernetes_asset(const std::string& program);

} // namespace le_run::test
