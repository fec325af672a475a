// A Lease of coordination.k8s.io/v1 as a register.
//
// - Reads carry no resourceVersion parameter: with one the API server may answer from its cache.
// - A PUT carries the uid and resourceVersion of the object it replaces: without the uid the API
// server re-creates a
//   deleted Lease. Where the Lease has vanished it answers such a PUT with 409, so one read tells
//   the two apart.
// - Only a Status with reason NotFound that names this lease means Absent; any other 404 comes from
// something else on
//   the way. What a write's answer does not say for certain is unknown, never "not written".
#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include <boost/asio/post.hpp>

#include "kubernetes/errors.h"
#include "kubernetes/kubeconfig.h"
#include "net/http_transport.h"
#include "store/lease_json.h"
#include "store/lease_store.h"

namespace le_run {
namespace {

using Steady = std::chrono::steady_clock;
using kubernetes::Access;
using net::HttpError;
using net::HttpResponse;
using net::HttpResult;

// KEP-5504: a decimal integer without leading zeros, at most 2^128 - 1.
bool is_resource_version(const std::string& text) {
    return !text.empty() && text.size() <= 39 && text.front() != '0' &&
           text.find_first_not_of("0123456789") == std::string::npos;
}

bool is_label(std::string_view text) {
    const auto is_alphanumeric = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return is_alphanumeric(c) || c == '-'; });
}

// DNS-1123 subdomain: labels joined by dots.
bool is_lease_name(std::string_view text) {
    if (text.size() > 253)
        return false;
    for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
        if (!is_label(text.substr(0, dot)))
            return false;
        text.remove_prefix(dot + 1);
    }
    return is_label(text);
}

bool is_namespace_name(std::string_view text) { return text.size() <= 63 && is_label(text); }

std::string address_of(const net::Endpoint& endpoint) {
    const bool ipv6 = endpoint.host.find(':') != std::string::npos;
    return (endpoint.tls ? "https://" : "http://") +
           (ipv6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + endpoint.port +
           endpoint.base_path;
}

class KubernetesStore : public LeaseStore {
public:
    KubernetesStore(boost::asio::io_context& loop, kubernetes::ClusterConfig config,
                    const std::string& lease_namespace, const std::string& name)
        : loop_(loop), lease_namespace_(lease_namespace), name_(name),
          server_(address_of(config.endpoint)), credentials_from_(config.source),
          collection_("/apis/coordination.k8s.io/v1/namespaces/" + lease_namespace + "/leases"),
          token_(config.token, Steady::now()), transport_(loop, std::move(config.endpoint)) {}

    void async_read(Duration timeout, ReadHandler handler) override;
    void async_write(LeaseRecord record, std::optional<StoredLease> base, Duration timeout,
                     WriteHandler handler) override;

private:
    // A request with what it takes to send it again.
    struct Call {
        const char* verb;
        const char* method;
        std::string body;
        Steady::time_point deadline;
        bool tried_again = false; // after 401
        std::function<void(HttpResult)> done;
    };

    void send(std::shared_ptr<Call> call);
    void tell_conflict_from_absent(Steady::time_point deadline, WriteHandler handler);

    ReadOutcome read_outcome(const HttpResult& result);
    WriteOutcome write_outcome(const Access& access, const HttpResponse& response);
    Failure failure_of(const Access& access, const HttpResponse& response) const;
    Failure failure_of(const Access& access, const HttpError& error) const;
    Parsed<StoredLease> stored_lease(const std::string& body) const;
    bool says_absent(const HttpResponse& response) const;
    Access access(const char* verb) const { return {verb, lease_namespace_, name_, server_}; }

    boost::asio::io_context& loop_;
    std::string lease_namespace_;
    std::string name_;
    std::string server_;
    std::string credentials_from_;
    std::string collection_; // the path of all leases of the namespace
    kubernetes::Token token_;
    // Handlers that do not go through the transport, which drops its own when it ends, ask this
    // first.
    std::shared_ptr<char> alive_ = std::make_shared<char>();
    net::HttpTransport transport_;
};

Steady::time_point deadline_after(Duration timeout) {
    return Steady::now() + std::min<Duration>(timeout, std::chrono::hours(1));
}

void KubernetesStore::send(std::shared_ptr<Call> call) {
    const auto now = Steady::now();
    net::HttpRequest request;
    request.method = call->method;
    request.target = request.method == "POST" ? collection_ : collection_ + "/" + name_;
    request.headers = {{"Accept", "application/json"}};
    if (!call->body.empty())
        request.headers.emplace_back("Content-Type", "application/json");
    if (const std::string& token = token_.current(now); !token.empty())
        request.headers.emplace_back("Authorization", "Bearer " + token);
    request.body = call->body;
    const Duration left = std::max<Duration>(call->deadline - now, Duration(1));
    transport_.async_send(std::move(request), left, [this, call](HttpResult result) {
        const auto* response = std::get_if<HttpResponse>(&result);
        if (response != nullptr && response->status == 401 && !call->tried_again) {
            const auto answered = Steady::now();
            call->tried_again = true;
            if (token_.read_again(answered) && answered < call->deadline) {
                send(call);
                return;
            }
        }
        call->done(std::move(result));
    });
}

void KubernetesStore::async_read(Duration timeout, ReadHandler handler) {
    auto call = std::make_shared<Call>(Call{"get", "GET", "", deadline_after(timeout), false, {}});
    call->done = [this, handler = std::move(handler)](const HttpResult& result) {
        handler(read_outcome(result));
    };
    send(std::move(call));
}

void KubernetesStore::async_write(LeaseRecord record, std::optional<StoredLease> base,
                                  Duration timeout, WriteHandler handler) {
    const char* verb = base ? "update" : "create";
    std::string body;
    if (base) {
        auto edited = edit_lease_object(base->object, record, base->version.text);
        if (const auto* bad = std::get_if<Malformed>(&edited)) {
            Failure failure{
                Failure::Kind::kMalformed, kubernetes::cannot(access(verb), bad->text), {}};
            boost::asio::post(loop_, [alive = std::weak_ptr<char>(alive_), handler, failure] {
                if (!alive.expired())
                    handler(failure);
            });
            return;
        }
        body = std::get<std::string>(std::move(edited));
    } else {
        body = make_lease_object(lease_namespace_, name_, record);
    }

    const auto deadline = deadline_after(timeout);
    auto call = std::make_shared<Call>(
        Call{verb, base ? "PUT" : "POST", std::move(body), deadline, false, {}});
    call->done = [this, verb, deadline, handler = std::move(handler)](const HttpResult& result) {
        if (const auto* error = std::get_if<HttpError>(&result)) {
            handler(failure_of(access(verb), *error));
            return;
        }
        const auto& response = std::get<HttpResponse>(result);
        const bool is_update = std::string_view(verb) == "update";
        if (response.status == 409 && is_update)
            tell_conflict_from_absent(deadline, handler);
        else
            handler(write_outcome(access(verb), response));
    };
    send(std::move(call));
}

void KubernetesStore::tell_conflict_from_absent(Steady::time_point deadline, WriteHandler handler) {
    auto call = std::make_shared<Call>(Call{"get", "GET", "", deadline, false, {}});
    call->done = [this, handler = std::move(handler)](const HttpResult& result) {
        // No answer is no news: the write was refused, and the next read will say by whom.
        if (std::holds_alternative<Absent>(read_outcome(result)))
            handler(Absent{});
        else
            handler(Conflict{});
    };
    send(std::move(call));
}

ReadOutcome KubernetesStore::read_outcome(const HttpResult& result) {
    const Access get = access("get");
    if (const auto* error = std::get_if<HttpError>(&result))
        return failure_of(get, *error);
    const auto& response = std::get<HttpResponse>(result);
    if (says_absent(response))
        return Absent{};
    if (response.status != 200)
        return failure_of(get, response);
    auto lease = stored_lease(response.body);
    if (const auto* bad = std::get_if<Malformed>(&lease))
        return Failure{
            Failure::Kind::kMalformed,
            kubernetes::cannot(get, "the answer is no Lease that can be read: " + bad->text),
            {}};
    return Found{std::get<StoredLease>(std::move(lease))};
}

WriteOutcome KubernetesStore::write_outcome(const Access& access, const HttpResponse& response) {
    if (response.status == 409)
        return Conflict{};
    if (access.verb == "update" && says_absent(response))
        return Absent{};
    if (response.status != 200 && response.status != 201)
        return failure_of(access, response);
    auto lease = stored_lease(response.body);
    if (const auto* bad = std::get_if<Malformed>(&lease))
        return Failure{Failure::Kind::kUnreachable,
                       kubernetes::cannot(access, "it answered " + std::to_string(response.status) +
                                                      " with no Lease that can be read (" +
                                                      bad->text +
                                                      "), so whether it was written is unknown"),
                       {}};
    auto& stored = std::get<StoredLease>(lease);
    const FencingToken token{stored.version.text};
    return Written{std::move(stored), token};
}

Failure KubernetesStore::failure_of(const Access& access, const HttpError& error) const {
    const bool untrusted = error.kind == HttpError::Kind::kUntrusted;
    return {untrusted ? Failure::Kind::kUntrusted : Failure::Kind::kUnreachable,
            kubernetes::not_answered(access, error.text),
            {}};
}

Failure KubernetesStore::failure_of(const Access& access, const HttpResponse& response) const {
    const auto parsed = parse_api_status(response.body);
    const auto* status = std::get_if<ApiStatus>(&parsed);
    const std::string message = status != nullptr ? status->message : "";
    Failure failure{Failure::Kind::kUnreachable, {}, response.retry_after};
    switch (response.status) {
    case 400:
    case 422:
        failure.kind = Failure::Kind::kDenied;
        failure.text = kubernetes::answered(access, response.status, message);
        break;
    case 401:
        failure.kind = Failure::Kind::kDenied;
        failure.text = kubernetes::unauthorized(access, message, credentials_from_,
                                                token_.problem().value_or(""));
        break;
    case 403:
        failure.kind = Failure::Kind::kDenied;
        failure.text = kubernetes::forbidden(access, message);
        break;
    case 404:
        if (status != nullptr && status->reason == "NotFound" &&
            status->details_kind == "namespaces") {
            failure.kind = Failure::Kind::kDenied;
            failure.text = kubernetes::namespace_missing(access);
        } else {
            failure.text = kubernetes::no_lease_api(access);
        }
        break;
    default:
        failure.text = kubernetes::answered(access, response.status, message);
    }
    return failure;
}

Parsed<StoredLease> KubernetesStore::stored_lease(const std::string& body) const {
    auto parsed = parse_lease_object(body);
    if (const auto* bad = std::get_if<Malformed>(&parsed))
        return *bad;
    auto& lease = std::get<LeaseObject>(parsed);
    if (lease.name != name_)
        return Malformed{"it is the Lease of another name"};
    if (lease.uid.empty())
        return Malformed{"`metadata.uid` is missing"};
    if (!is_resource_version(lease.resource_version))
        return Malformed{"`metadata.resourceVersion` is not a whole number"};
    return StoredLease{std::move(lease.record), Version{std::move(lease.resource_version)}, body};
}

bool KubernetesStore::says_absent(const HttpResponse& response) const {
    if (response.status != 404)
        return false;
    const auto parsed = parse_api_status(response.body);
    const auto* status = std::get_if<ApiStatus>(&parsed);
    return status != nullptr && status->reason == "NotFound" && status->details_kind == "leases" &&
           status->details_name == name_;
}

} // namespace

std::unique_ptr<LeaseStore> make_kubernetes_store(boost::asio::io_context& loop,
                                                  kubernetes::ClusterConfig config,
                                                  const std::string& lease_namespace,
                                                  const std::string& name) {
    const std::string rule = "lower case letters, digits and '-'";
    if (!is_lease_name(name))
        throw StoreConfigError(kubernetes::one_line(
            "lease name \"" + name + "\" is not valid; write " + rule +
            " in parts joined by '.', at most 253 characters, like my-worker"));
    if (!is_namespace_name(lease_namespace))
        throw StoreConfigError(kubernetes::one_line("namespace \"" + lease_namespace +
                                                    "\" is not valid; write " + rule +
                                                    ", at most 63 characters, like default"));
    return std::make_unique<KubernetesStore>(loop, std::move(config), lease_namespace, name);
}

} // namespace le_run
