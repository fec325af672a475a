#include "helpers/api_server.h"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helpers/free_port.h"
#include "helpers/https_client.h"
#include "helpers/test_pki.h"

namespace le_run::test {
namespace {

std::string assets_folder() {
    Process script({.argv = {LE_RUN_SOURCE_DIR "/tests/tools/kube_assets.sh"}});
    const auto code = script.wait(std::chrono::minutes(30)); // it may have to build them
    std::string folder = script.out();
    while (!folder.empty() && folder.back() == '\n') {
        folder.pop_back();
    }
    if (code != 0 || folder.empty()) {
        throw std::runtime_error("kube_assets.sh: " + script.err());
    }
    return folder;
}

// Every request in the order it was answered; for leases with the objects, so that a test can read
// the whole history.
constexpr const char* kAuditPolicy = R"(apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  resources: [{group: coordination.k8s.io, resources: [leases]}]
- level: Metadata
  users: [replica, nobody]
- level: None
)";

// Plugins for pods, volumes and quotas: nothing that leases need, and each costs start time.
// NamespaceLifecycle stays.
constexpr const char* kNeedlessAdmission =
    "LimitRanger,ServiceAccount,TaintNodesByCondition,Priority,DefaultTolerationSeconds,"
    "DefaultStorageClass,"
    "StorageObjectInUseProtection,PersistentVolumeClaimResize,RuntimeClass,CertificateApproval,"
    "CertificateSigning,"
    "CertificateSubjectRestriction,DefaultIngressClass,MutatingAdmissionWebhook,"
    "ValidatingAdmissionWebhook,ResourceQuota";

} // namespace

std::string kubernetes_asset(const std::string& program) {
    static const std::string folder = assets_folder();
    return folder + "/" + program;
}

ApiServer::ApiServer(int etcd_members) : etcd_members_(etcd_members) {
    access_.folder = scratch_.path();
    write_files();
    for (int tries = 0; tries < 3; ++tries) {
        if (start_both()) {
            scratch_.write("port", access_.port);
            return;
        }
    }
    throw std::runtime_error("kube-apiserver does not come up:\n" + etcd_->err() + server_->err());
}

ApiServer::~ApiServer() {
    // A frozen process would not notice SIGTERM; nothing here is worth a clean end.
    server_.reset();
    etcd_.reset();
}

bool ApiServer::start_both() {
    server_.reset();
    etcd_.reset();
    access_.port = free_port();
    etcd_ = std::make_unique<Etcd>(etcd_members_, scratch_.path());
    start_server();
    return wait_until([this] { return !etcd_->runs() || !server_->runs() || is_ready(); },
                      std::chrono::seconds(120)) &&
           is_ready();
}

void ApiServer::write_files() const {
    const TestCa authority("le-run test CA");
    const PkiIdentity server = authority.issue({.common_name = "kube-apiserver",
                                                .dns = {"localhost", kApiServerName},
                                                .ips = {"127.0.0.1"}});
    const PkiIdentity admin = authority.issue(
        {.common_name = "admin", .organization = "system:masters", .is_client = true});
    const PkiIdentity admin_2 = authority.issue(
        {.common_name = "admin-2", .organization = "system:masters", .is_client = true});
    scratch_.write("ca.crt", authority.certificate_pem());
    scratch_.write("server.crt", server.certificate_pem);
    scratch_.write("server.key", server.key_pem);
    scratch_.write("admin.crt", admin.certificate_pem);
    scratch_.write("admin.key", admin.key_pem);
    scratch_.write("admin-2.crt", admin_2.certificate_pem);
    scratch_.write("admin-2.key", admin_2.key_pem);
    scratch_.write("other-ca.crt", TestCa("some other CA").certificate_pem());
    scratch_.write("audit-policy.yaml", kAuditPolicy);
    scratch_.write("tokens.csv", std::string(kAdminToken) + ",admin,1,system:masters\n" +
                                     kReplicaToken + ",replica,2\n" + kNobodyToken + ",nobody,3\n");
}

void ApiServer::start_server() {
    server_ = std::make_unique<Process>(Command{
        .argv = {kubernetes_asset("kube-apiserver"),
                 "--etcd-servers=" + etcd_->urls(),
                 "--bind-address=127.0.0.1",
                 "--advertise-address=127.0.0.1",
                 "--secure-port=" + access_.port,
                 "--cert-dir=" + scratch_.path(),
                 "--tls-cert-file=" + access_.file("server.crt"),
                 "--tls-private-key-file=" + access_.file("server.key"),
                 "--client-ca-file=" + access_.file("ca.crt"),
                 "--token-auth-file=" + access_.file("tokens.csv"),
                 "--authorization-mode=RBAC",
                 "--service-account-issuer=https://kubernetes.default.svc",
                 "--service-account-key-file=" + access_.file("server.crt"),
                 "--service-account-signing-key-file=" + access_.file("server.key"),
                 "--service-cluster-ip-range=10.96.0.0/24",
                 "--endpoint-reconciler-type=none",
                 std::string("--disable-admission-plugins=") + kNeedlessAdmission,
                 "--runtime-config=api/all=false,api/v1=true,coordination.k8s.io/"
                 "v1=true,apiregistration.k8s.io/v1=true,"
                 "apiextensions.k8s.io/v1=true,apps/v1=true,rbac.authorization.k8s.io/"
                 "v1=true,policy/v1beta1=true,authorization.k8s.io/v1=true,"
                 "authentication.k8s.io/v1=true",
                 "--audit-log-path=" + access_.file("audit.log"),
                 "--audit-log-mode=blocking",
                 "--audit-policy-file=" + access_.file("audit-policy.yaml"),
                 "--enable-priority-and-fairness=false",
                 "--profiling=false",
                 "--etcd-count-metric-poll-period=0",
                 "--etcd-compaction-interval=0"},
        .environment = {{"HOME", scratch_.path()}, {"PATH", "/usr/bin:/bin"}, {"GOGC", "50"}},
        .inherit_environment = false});
}

bool ApiServer::is_ready() const {
    return https_request({.port = access_.port,
                          .ca_pem = access_.text("ca.crt"),
                          .path = "/readyz",
                          .token = kAdminToken})
               .status == 200;
}

void ApiServer::wait_until_ready() {
    if (!wait_until([this] { return is_ready(); }, std::chrono::seconds(120))) {
        throw std::runtime_error("kube-apiserver does not get ready:\n" + server_->err());
    }
}

void ApiServer::kill() {
    server_->signal(SIGKILL);
    server_->wait();
}

void ApiServer::start_again() {
    start_server();
    wait_until_ready();
}

void ApiServer::kill_etcd() { etcd_->kill(); }

void ApiServer::start_etcd_again() {
    etcd_->start();
    if (server_->runs()) {
        wait_until_ready();
    }
}

void ApiServer::restore_etcd() {
    kill();
    etcd_->kill();
    etcd_->restore();
    etcd_->start();
    start_again();
}

const ApiServerAccess& shared_api_server() {
    static std::unique_ptr<ApiServer> own;
    static const ApiServerAccess access = [] {
        if (const char* folder = std::getenv(kSharedApiServerVariable); folder != nullptr) {
            ApiServerAccess shared{folder, ""};
            shared.port = shared.text("port");
            return shared;
        }
        own = std::make_unique<ApiServer>();
        return own->access();
    }();
    return access;
}

} // namespace le_run::test
