// container/Containerfile's entrypoint in other people's images: a real OCI runtime (crun) starts
// it as PID 1, hardened as far as Kubernetes lets users harden a pod. Needs root.
//
// "static": these need the static program, TEST_LE_RUN=build/static-ARCH/le-run.
#include <csignal>
#include <filesystem>
#include <fstream>

#include "e2e/entrypoint.h"
#include "helpers/catch.h"
#include "helpers/http_test_server.h"

using namespace le_run::test;

namespace {

const std::string kTools = LE_RUN_SOURCE_DIR "/tests/tools/";

// The image that container/Containerfile makes, put into an image of `kind` as README says.
class Image {
public:
    explicit Image(const std::string& kind) {
        Process fill({.argv = {kTools + "image_root.sh", kind, root()}});
        const auto filled = fill.wait(std::chrono::minutes(5));
        INFO(fill.err());
        REQUIRE(filled == 0);
        Process needs({.argv = {"readelf", "-l", le_run_binary()}});
        REQUIRE(needs.wait() == 0);
        INFO("TEST_LE_RUN must name the static program; this is " << le_run_binary());
        REQUIRE(needs.out().find("INTERP") == std::string::npos);
        std::filesystem::copy_file(le_run_binary(), root() + "/le-run");
        for (const std::string& folder : {scratch_.path(), root()}) {
            std::filesystem::permissions(folder, std::filesystem::perms(0755));
        }
    }

    std::string root() const { return scratch_.file("root"); }
    Words command() const { return lines_of(read_file(root() + ".command")); }
    const ScratchFolder& scratch() const { return scratch_; }

    void put(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(root() + path).parent_path());
        std::ofstream(root() + path, std::ios::binary) << text;
    }

private:
    ScratchFolder scratch_;
};

// A container of the image; gone with this object.
class Container {
public:
    Container(const Image& image, const std::string& settings, const Words& arguments)
        : name_("le-run-test-" + std::to_string(::getpid())), folder_(image.scratch().path()) {
        Process config(
            {.argv = Words{kTools + "oci_config.sh"} + arguments, .standard_input = settings});
        INFO(config.err());
        REQUIRE(config.wait() == 0);
        image.scratch().write("config.json", config.out());
        // crun would refuse a machine that has both versions of cgroups; the container needs none.
        process_ = std::make_unique<Process>(
            Command{.argv = {"unshare", "--mount", "sh", "-c",
                             "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"", "sh", "crun",
                             "--root", image.scratch().file("crun"), "--cgroup-manager=disabled",
                             "run", "--bundle", folder_, name_}});
    }

    Process& process() { return *process_; }
    // PID 1, as this machine numbers it; 0 when there is none (yet).
    pid_t first_process() const {
        for (const pid_t pid : descendants_of(process_->pid())) {
            const std::string status = status_of(pid);
            if (status.find("NSpid:\t" + std::to_string(pid) + "\t1\n") != std::string::npos) {
                return pid;
            }
        }
        return 0;
    }
    static std::string status_of(pid_t pid) {
        return read_file("/proc/" + std::to_string(pid) + "/status");
    }

private:
    std::string name_;
    std::string folder_;
    std::unique_ptr<Process> process_;
};

} // namespace

TEST_CASE("image: drains and ends in images with nothing, busybox, musl and an old glibc, hardened "
          "(static file)") {
    const std::string kind = GENERATE("empty", "busybox", "musl", "old-glibc");
    INFO(kind);
    const Image image(kind);
    Container container(image, "PATH=/bin\nLE_RUN_LOCK=file:///work/lock\n",
                        entrypoint() + image.command());
    Process& program = container.process();
    const bool started =
        wait_until([&] { return program.out().find("started\n") != std::string::npos; });
    INFO(program.out());
    INFO(program.err());
    REQUIRE(started);
    const pid_t le_run = container.first_process();
    REQUIRE(le_run != 0);
    const std::string status = Container::status_of(le_run);
    CHECK_THAT(status, contains("Name:\tle-run\n"));
    CHECK_THAT(status, contains("Uid:\t65534\t65534\t65534\t65534\n"));
    CHECK_THAT(status, contains("CapEff:\t0000000000000000\n"));
    CHECK_THAT(status, contains("NoNewPrivs:\t1\n"));
    CHECK_THAT(status, contains("Seccomp:\t2\n"));

    ::kill(le_run, SIGTERM);
    CHECK(program.wait() == 0);
    CHECK_THAT(program.out(), contains("drained\n"));
    const std::string log = program.err();
    INFO(log);
    REQUIRE(log.find("released") != std::string::npos);
    CHECK(log.find("tree gone") < log.find("released"));
}

// The default seccomp profile forbids user namespaces to whoever has no capability.
TEST_CASE("image: where no namespace can be made, --pid-namespace says so and starts nothing "
          "(static file)") {
    const Image image("empty");
    Container container(
        image, "LE_RUN_LOCK=file:///work/lock\nLE_RUN_PID_NAMESPACE=true\nLE_RUN_WAIT=20s\n",
        entrypoint() + image.command());
    Process& program = container.process();
    CHECK(program.wait() == 125);
    INFO(program.err());
    CHECK_THAT(program.err(), contains("namespace"));
    CHECK(program.out().empty());
}

// Of a server whose certificate a bundle at the distribution's place vouches for, by a name that
// only the image's hosts file knows, and with name service modules of another glibc in the way.
TEST_CASE("image: without a CA in the kubeconfig the distribution's bundle is found, and names are "
          "looked up within the program (static file)") {
    const std::string bundle =
        GENERATE("/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine
                 "/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
                 "/etc/ssl/ca-bundle.pem",                            // SUSE
                 "/etc/ssl/cert.pem",                                 // Alpine
                 "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 10
                 "");
    INFO(bundle);
    const TestCa ca("somebody's own");
    const TestCa other("somebody else's");
    const Image image("old-glibc");
    const std::string name = "api.le-run.example";
    HttpTestServer server(
        [](const ServedRequest&) { return Answer{.status = 403, .body = "{}"}; },
        {.tls = ServerTls{.identity = ca.issue({.common_name = "server", .dns = {name}})}});
    if (!bundle.empty()) {
        image.put(bundle, other.certificate_pem() + ca.certificate_pem());
    }
    image.put("/etc/nsswitch.conf", "hosts: mymachines resolve mdns4 myhostname files dns\n");
    image.put("/etc/hosts", "127.0.0.1 " + name + "\n");
    image.put("/kubeconfig", "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
                             "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
                             "clusters: [{name: k, cluster: {server: \"https://" +
                                 name + ":" + server.port() +
                                 "\"}}]\n"
                                 "users: [{name: u, user: {token: t}}]\n");
    const Words in_root = {"chroot", image.root(), "/le-run"};
    Process program({.argv = in_root +
                             Words{"--lock", "k8s://a/b", "--kubeconfig", "/kubeconfig",
                                   "--renew-deadline", "2s", "--retry-period", "500ms",
                                   "--lease-duration", "15s", "--wait", "20s", "--"} +
                             image.command(),
                     .environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
                     .inherit_environment = false});
    const auto code = program.wait();
    INFO(program.err());
    CHECK(code == 125);
    CHECK(server.requests().empty() == bundle.empty());
    CHECK_THAT(program.err(), contains(bundle.empty() ? "signed by an unknown authority" : "403"));
}
