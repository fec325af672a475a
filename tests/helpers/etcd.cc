#include "helpers/etcd.h"

#include <csignal>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <utility> // which Boost 1.74 forgets to include

#include <boost/asio/ip/tcp.hpp>
#include <nlohmann/json.hpp>

#include "helpers/api_server.h"
#include "helpers/free_port.h"

namespace le_run::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string url(const std::string& port) { return "http://127.0.0.1:" + port; }

// Whether it says that it is the leader itself; empty, or what is no answer, says no.
bool leads(const std::string& client_port) {
    boost::asio::ip::tcp::iostream member;
    member.expires_after(std::chrono::seconds(5));
    member.connect("127.0.0.1", client_port);
    member << "POST /v3/maintenance/status HTTP/1.0\r\nHost: etcd\r\nContent-Length: 2\r\n\r\n{}"
           << std::flush;
    std::ostringstream answer;
    answer << member.rdbuf();
    const std::string text = answer.str();
    const auto body = text.find("\r\n\r\n");
    const json status =
        body == std::string::npos ? json() : json::parse(text.substr(body + 4), nullptr, false);
    return status.is_object() && status.contains("leader") && status.contains("header") &&
           status["leader"] == status["header"].value("member_id", "");
}

} // namespace

Etcd::Etcd(int members, std::string folder) : folder_(std::move(folder)) {
    fs::remove_all(data());
    for (int i = 0; i < members; ++i) {
        members_.push_back({"m" + std::to_string(i), free_port(), free_port()});
    }
    start();
}

std::string Etcd::urls() const {
    std::string all;
    for (const Member& member : members_) {
        all += (all.empty() ? "" : ",") + url(member.client_port);
    }
    return all;
}

bool Etcd::runs() {
    for (Member& member : members_) {
        if (!member.process->runs()) {
            return false;
        }
    }
    return true;
}

std::string Etcd::err() const {
    std::string all;
    for (const Member& member : members_) {
        all += member.process->err();
    }
    return all;
}

void Etcd::freeze() {
    for (Member& member : members_) {
        member.process->signal(SIGSTOP);
    }
}

void Etcd::freeze_leader() {
    const auto freeze_it = [this] {
        for (Member& member : members_) {
            if (leads(member.client_port)) {
                member.process->signal(SIGSTOP);
                return true;
            }
        }
        return false;
    };
    if (!wait_until(freeze_it)) {
        throw std::runtime_error("etcd has no leader:\n" + err());
    }
}

void Etcd::thaw() {
    for (Member& member : members_) {
        member.process->signal(SIGCONT);
    }
}

void Etcd::kill() {
    for (Member& member : members_) {
        member.process->signal(SIGKILL);
    }
    for (Member& member : members_) {
        member.process->wait();
    }
}

void Etcd::start() {
    for (Member& member : members_) {
        start(member);
    }
}

void Etcd::start(Member& member) const {
    std::string peers;
    for (const Member& each : members_) {
        peers += (peers.empty() ? "" : ",") + each.name + "=" + url(each.peer_port);
    }
    member.process = std::make_unique<Process>(
        Command{.argv = {kubernetes_asset("etcd"), "--name=" + member.name,
                         "--data-dir=" + data() + "/" + member.name,
                         "--listen-client-urls=" + url(member.client_port),
                         "--advertise-client-urls=" + url(member.client_port),
                         "--listen-peer-urls=" + url(member.peer_port),
                         "--initial-advertise-peer-urls=" + url(member.peer_port),
                         "--initial-cluster=" + peers, "--log-level=error",
                         "--heartbeat-interval=100", "--election-timeout=1000"},
                // Debian's service file is not ours: nothing of the user's etcd settings may reach
                // this one.
                .environment = {{"HOME", folder_}, {"PATH", "/usr/bin:/bin"}},
                .inherit_environment = false});
}

void Etcd::back_up() {
    freeze();
    fs::remove_all(backup());
    fs::copy(data(), backup(), fs::copy_options::recursive);
    thaw();
}

void Etcd::restore() const {
    fs::remove_all(data());
    fs::copy(backup(), data(), fs::copy_options::recursive);
}

} // namespace le_run::test
