#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "base/config_error.h"
#include "base/duration_text.h"
#include "kubernetes/errors.h"
#include "kubernetes/object_names.h"
#include "kubernetes/user.h"
#include "net/address.h"
#include "net/resolver.h"
#include "preflight/check_steps.h"
#include "preflight/cluster_questions.h"
#include "store/kubernetes/kubernetes_store.h"

namespace le_run::preflight {
namespace {

using namespace std::chrono_literals;
using net::HttpResponse;
using net::HttpResult;

constexpr int kReads = 5;

// The checks, in their order. Each needs all checks before it.
constexpr const char* kWay[] = {"kubeconfig", "name",  "connection", "credentials", "TLS",
                                "server",     "clock", "login",      "rights",      "create",
                                "watch",      "lease", "latency"};

void not_tried_behind(const std::string& failed, Findings& findings) {
    const auto* from = std::find(std::begin(kWay), std::end(kWay), failed);
    for (const auto* subject = from + 1; subject < std::end(kWay); ++subject) {
        findings.not_tried(*subject, failed);
    }
}

// A description of the credentials, for people; empty: there are none.
std::string credentials_of(const kubernetes::ClusterConfig& config) {
    if (config.plugin) {
        return "given by the credential plugin " + config.plugin->name;
    }
    if (!config.endpoint.tls_config.client_certificate_pem.empty()) {
        return "a client certificate";
    }
    if (!config.token.file.empty()) {
        return "the token in " + config.token.file;
    }
    const bool has_password =
        std::any_of(config.headers.begin(), config.headers.end(),
                    [](const auto& header) { return header.first == "Authorization"; });
    return !config.token.token.empty() ? "a token" : has_password ? "a password" : "";
}

class ClusterCheck {
public:
    ClusterCheck(const options::Options& options, kubernetes::ClusterConfig config,
                 const std::string& lease_namespace, const std::string& name, Findings& findings)
        : options_(options), has_tls_(config.endpoint.tls),
          verifies_(config.endpoint.tls_config.verify),
          host_(config.endpoint.proxy ? config.endpoint.proxy->host : config.endpoint.host),
          port_(config.endpoint.proxy ? config.endpoint.proxy->port : config.endpoint.port),
          through_(config.endpoint.proxy ? " (proxy)" : ""), credentials_(credentials_of(config)),
          ask_(std::move(config), lease_namespace, name,
               [&findings](const std::string& text) { findings.warning("credentials", text); }),
          findings_(findings) {}

    // Whether the server answers and accepts the credentials.
    bool reach();
    void ask_for_the_lease();
    void check_pod_of(const std::string& token);

private:
    bool failed(const char* subject, const std::string& text);
    bool find_addresses();
    bool connect();
    std::optional<std::string> cannot_connect(const std::string& address);
    bool authenticate();
    bool log_in();
    void say_tls();
    bool may(const char* verb);
    void try_create();
    void try_watch();
    void read();

    const options::Options& options_;
    bool has_tls_;
    bool verifies_;
    std::string host_; // the host to connect to: the server, or the proxy before it
    std::string port_;
    std::string through_; // " (proxy)" or nothing
    std::string credentials_;
    ClusterQuestions ask_;
    Findings& findings_;
    std::vector<std::string> addresses_;
    bool has_lease_ = false;
};

bool ClusterCheck::reach() { return find_addresses() && connect() && authenticate() && log_in(); }

bool ClusterCheck::failed(const char* subject, const std::string& text) {
    findings_.bad(subject, text);
    not_tried_behind(subject, findings_);
    return false;
}

bool ClusterCheck::find_addresses() {
    boost::asio::io_context loop{1};
    net::Resolver resolver(loop, host_);
    net::LookupAnswer answer;
    answer.problem = "no answer in 10s";
    resolver.async_resolve([&](const net::LookupAnswer& found) {
        answer = found;
        loop.stop();
    });
    loop.run_for(10s);
    addresses_ = answer.addresses;
    if (addresses_.empty()) {
        return failed("name", host_ + through_ + " could not be resolved: " + answer.problem +
                                  "; correct the server's name or the name server");
    }
    if (addresses_.front() != host_) {
        std::string all;
        for (const std::string& address : addresses_) {
            all += (all.empty() ? "" : ", ") + address;
        }
        findings_.good("name", host_ + through_ + " is " + all);
    }
    return true;
}

bool ClusterCheck::connect() {
    std::string problems;
    bool any = false;
    for (const std::string& address : addresses_) {
        const std::string where = net::authority(address, port_) + through_;
        if (const auto problem = cannot_connect(address)) {
            problems += (problems.empty() ? "" : "; ") + where + ": " + *problem;
        } else {
            any = true;
            findings_.good("connection", where + " accepts connections");
        }
    }
    if (!any) {
        return failed("connection", problems +
                                        "; check that the server's address and port are right "
                                        "and that nothing on the way blocks them");
    }
    if (!problems.empty()) {
        findings_.warning("connection", problems + "; the other addresses work");
    }
    return true;
}

// Nothing: the address accepts connections.
std::optional<std::string> ClusterCheck::cannot_connect(const std::string& address) {
    boost::asio::io_context loop{1};
    boost::asio::ip::tcp::socket socket(loop);
    std::optional<boost::system::error_code> result;
    const boost::asio::ip::tcp::endpoint there(boost::asio::ip::make_address(address),
                                               static_cast<unsigned short>(std::stoul(port_)));
    socket.async_connect(there, [&](boost::system::error_code error) { result = error; });
    loop.run_for(5s);
    if (!result) {
        return "no answer in 5s";
    }
    return *result ? std::optional(result->message()) : std::nullopt;
}

bool ClusterCheck::authenticate() {
    if (const std::string problem = ask_.authenticate(); !problem.empty()) {
        return failed("credentials", problem);
    }
    if (credentials_.empty()) {
        findings_.warning("credentials",
                          "there are none, and few servers accept that: give "
                          "the kubeconfig's user a token, a certificate or a plugin");
    } else {
        findings_.good("credentials", credentials_);
    }
    return true;
}

void ClusterCheck::say_tls() {
    if (!has_tls_) {
        findings_.warning("TLS",
                          "there is none, so le-run sends no credentials, and anybody on the "
                          "way can change the traffic: write https:// in the server's "
                          "address");
    } else if (!verifies_) {
        findings_.warning("TLS", "the server's certificate is not verified: name its CA in the "
                                 "kubeconfig instead of insecure-skip-tls-verify");
    } else {
        findings_.good("TLS", "the server's certificate is trusted");
    }
}

// The first request: it needs trust, credentials, and an API server.
bool ClusterCheck::log_in() {
    const net::HttpResult result = ask_.may("get");
    if (const auto* error = std::get_if<net::HttpError>(&result)) {
        const bool is_untrusted = error->kind == net::HttpError::Kind::kUntrusted;
        return failed(is_untrusted ? "TLS" : "server", error->text);
    }
    say_tls();
    const auto& response = std::get<net::HttpResponse>(result);
    const bool is_denied = response.status == 401 || response.status == 403;
    if (!is_denied && !ClusterQuestions::is_granted(result)) {
        return failed("server", ask_.failure_text("get", result));
    }
    findings_.good("server", "an API server answers");
    if (response.clock_ahead) {
        check_clock(*response.clock_ahead, findings_);
    }
    if (response.status == 401) {
        return failed("login", ask_.failure_text("get", result));
    }
    // The user's name from the server; if it does not tell, from the credentials.
    const std::string user = ask_.who_am_i().value_or(ask_.api().access("get").user);
    findings_.good("login", "the server accepts the credentials" +
                                (user.empty() ? std::string() : " of " + user));
    return true;
}

// Whether it makes sense to try the verb.
bool ClusterCheck::may(const char* verb) {
    const auto granted = ClusterQuestions::is_granted(ask_.may(verb));
    const std::string verb_text = verb;
    const std::string missing = kubernetes::right_missing(ask_.api().access(verb));
    if (!granted) {
        findings_.warning("rights", "the server does not tell whether it grants " + verb_text +
                                        ": grant the right to create selfsubjectaccessreviews, "
                                        "which system:basic-user has");
    } else if (*granted) {
        findings_.good("rights", verb_text + " is granted");
    } else if (verb_text == "watch") {
        findings_.warning("rights", "without watch, standbys read the lease every " +
                                        format_duration(options_.election.timing.retry_period) +
                                        ": " + missing);
    } else if (verb_text == "create" && has_lease_) {
        findings_.warning(
            "rights",
            "the lease exists; if somebody deletes it, le-run cannot create it again: " + missing);
    } else {
        findings_.bad("rights", missing);
    }
    return granted.value_or(true);
}

void ClusterCheck::ask_for_the_lease() {
    const bool may_get = may("get");
    const Duration limit = options_.election.timing.request_timeout();
    has_lease_ = may_get && std::holds_alternative<election::StoredLease>(ask_.read(limit));
    const bool may_create = may("create");
    may("update");
    const bool may_watch = may("watch");
    may_create ? try_create() : findings_.not_tried("create", "the right to create");
    may_watch ? try_watch() : findings_.not_tried("watch", "the right to watch");
    if (may_get) {
        read();
    } else {
        findings_.not_tried("lease", "the right to get");
        findings_.not_tried("latency", "the right to get");
    }
}

// A dry run checks the namespace, quotas and admission, but stores nothing.
void ClusterCheck::try_create() {
    const net::HttpResult result = ask_.try_create();
    const auto* response = std::get_if<net::HttpResponse>(&result);
    if (response != nullptr && (response->status == 201 || response->status == 409)) {
        findings_.good("create", "in a dry run the server accepts the lease");
    } else if (has_lease_) {
        findings_.warning(
            "create", "the lease exists; if somebody deletes it, le-run cannot create it again: " +
                          ask_.failure_text("create", result));
    } else {
        findings_.bad("create", ask_.failure_text("create", result));
    }
}

void ClusterCheck::try_watch() {
    const net::HttpResult result = ask_.try_watch();
    const auto* response = std::get_if<net::HttpResponse>(&result);
    if (response != nullptr && response->status == 200) {
        findings_.good("watch", "the server sends each change");
    } else {
        findings_.warning("watch", "standbys would read the lease every " +
                                       format_duration(options_.election.timing.retry_period) +
                                       ": " + ask_.failure_text("watch", result));
    }
}

void ClusterCheck::read() {
    const Duration limit = options_.election.timing.request_timeout();
    Latency latency;
    std::optional<election::ReadOutcome> last;
    while (latency.reads < kReads && !(last && std::holds_alternative<election::Failure>(*last))) {
        const auto began = std::chrono::steady_clock::now();
        last = ask_.read(limit);
        latency.add(std::chrono::steady_clock::now() - began);
    }
    check_record(options_, *last, findings_);
    if (std::holds_alternative<election::Failure>(*last)) {
        findings_.not_tried("latency", "reads that succeed");
    } else {
        check_latency(options_.election.timing, latency, findings_);
        check_renewal(options_, *last, [&] { return ask_.read(limit); }, findings_);
    }
}

void ClusterCheck::check_pod_of(const std::string& token) {
    const auto claims = kubernetes::read_claims(token);
    const bool is_pod =
        claims && !kubernetes::wrong_with_namespace(claims->pod_namespace) &&
        !kubernetes::wrong_with_lease_name(claims->pod); // pods have the same rules for names
    if (is_pod) {
        check_grace_period(options_, ask_.grace_period_of_pod(claims->pod_namespace, claims->pod),
                           findings_);
    }
}

std::string present_token(const kubernetes::TokenSource& source) {
    if (source.file.empty()) {
        return source.token;
    }
    const auto read = kubernetes::read_token(source.file);
    const auto* token = std::get_if<std::string>(&read);
    return token == nullptr ? source.token : *token;
}

} // namespace

void check_cluster(const options::Options& options, const kubernetes_store::KubernetesLock& lock,
                   Findings& findings) {
    try {
        auto config = kubernetes_store::cluster_of(lock, options.environment);
        const std::string lease_namespace =
            kubernetes::lock_namespace(config, lock.lease_namespace.value_or(""));
        findings.good("kubeconfig",
                      config.source + "; the lease is " + lease_namespace + "/" + lock.name);
        for (const std::string& warning : config.warnings) {
            findings.warning("kubeconfig", warning);
        }
        const std::string token = present_token(config.token);
        ClusterCheck cluster(options, std::move(config), lease_namespace, lock.name, findings);
        if (cluster.reach()) {
            cluster.ask_for_the_lease();
            cluster.check_pod_of(token);
        }
    } catch (const ConfigError& error) {
        findings.bad("kubeconfig", error.what());
        not_tried_behind("kubeconfig", findings);
    }
}

} // namespace le_run::preflight
