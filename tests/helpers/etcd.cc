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

// The body of its answer; empty where there is none.
std::string ask(const std::string& client_port, const std::string& request) {
    boost::asio::ip::tcp::iostream member;
    member.expires_after(std::chrono::seconds(5));
    member.connect("127.0.0.1", client_port);
    member << request << std::flush;
    std::ostringstream answer;
    answer << member.rdbuf();
    const std::string text = answer.str();
    const auto body = text.find("\r\n\r\n");
    return body == std::string::npos ? "" : text.substr(body + 4);
}

std::string post(const std::string& path, const std::string& body) {
    return "POST " + path +
           " HTTP/1.0\r\nHost: etcd\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

struct Status {
    std::string member, leader; // their numbers; empty: not known
    bool leads() const { return !member.empty() && member == leader; }
};

Status status_of(const std::string& client_port) {
    const json answer =
        json::parse(ask(client_port, post("/v3/maintenance/status", "{}")), nullptr, false);
    if (!answer.is_object() || !answer.contains("header")) {
        return {};
    }
    return {answer["header"].value("member_id", ""), answer.value("leader", "")};
}

// How many changes it has told to those who watch.
std::string events_told(const std::string& client_port) {
    const std::string metrics = ask(client_port, "GET /metrics HTTP/1.0\r\nHost: etcd\r\n\r\n");
    const std::string name = "\netcd_debugging_mvcc_events_total ";
    const auto at = metrics.find(name);
    const auto value = at + name.size();
    return at == std::string::npos ? "" : metrics.substr(value, metrics.find('\n', value) - value);
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

void Etcd::freeze_watched_leader() {
    std::vector<std::string> before;
    for (const Member& member : members_) {
        before.push_back(events_told(member.client_port));
    }
    const Member* watched = nullptr;
    const auto is_told = [&] {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (events_told(members_[i].client_port) != before[i]) {
                watched = &members_[i];
            }
        }
        return watched != nullptr;
    };
    if (!wait_until(is_told)) {
        throw std::runtime_error("etcd tells nobody of changes:\n" + err());
    }
    const auto is_leader = [&] {
        const Status status = status_of(watched->client_port);
        for (const Member& member : members_) {
            if (!status.leads() && status_of(member.client_port).leads()) {
                ask(member.client_port, post("/v3/maintenance/transfer-leadership",
                                             json{{"targetID", status.member}}.dump()));
            }
        }
        return status.leads();
    };
    if (!wait_until(is_leader)) {
        throw std::runtime_error("etcd's leader stays another:\n" + err());
    }
    watched->process->signal(SIGSTOP);
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
