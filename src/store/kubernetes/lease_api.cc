#include "store/kubernetes/lease_api.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/one_line.h"
#include "net/address.h"

namespace le_run::kubernetes_store {
namespace {

using net::HttpError;
using net::HttpResponse;
using net::HttpResult;

// KEP-5504: a decimal integer without leading zeros, at most 2^128 - 1.
bool is_resource_version(const std::string& text) {
    return !text.empty() && text.size() <= 39 && text.front() != '0' &&
           text.find_first_not_of("0123456789") == std::string::npos;
}

bool is_unauthorized(const net::HttpResult& result) {
    const auto* response = std::get_if<net::HttpResponse>(&result);
    return response != nullptr && response->status == 401;
}

std::string address_of(const net::Endpoint& endpoint) {
    return (endpoint.tls ? "https://" : "http://") + net::authority(endpoint.host, endpoint.port) +
           endpoint.base_path;
}

// Looks at the first character only.
bool is_json_object(const std::string& body) {
    const auto first = body.find_first_not_of(" \t\r\n");
    return first != std::string::npos && body[first] == '{';
}

std::string beginning_of(const std::string& body) {
    constexpr std::size_t kMost = 120;
    return one_line(body, kMost);
}

// Compares, because a cache on the way may answer with an older Lease.
bool is_record_of(const election::LeaseRecord& sent, const election::LeaseRecord& answered) {
    const auto fits = [](const auto& given, const auto& got) { return !got || got == given; };
    return answered.holder == sent.holder && fits(sent.acquire_time, answered.acquire_time) &&
           fits(sent.renew_time, answered.renew_time);
}

// The plain text of an answer that is not a Status. An API server that shuts down or is overloaded
// answers in plain text. Other plain text may come from another server.
std::string plain_words(int status, const std::string& body) {
    if (status != 429 && status < 500) {
        return "";
    }
    const auto first = body.find_first_not_of(" \t\r\n");
    const auto last = body.find_last_not_of(" \t\r\n");
    const bool is_text = first != std::string::npos && body[first] != '<' && body[first] != '{';
    return is_text ? beginning_of(body.substr(first, last - first + 1)) : "";
}

// The same value in a variant with more alternatives.
template <typename Outcome>
Outcome widened(std::variant<election::Absent, election::Failure> of) {
    return std::visit([](auto&& one) { return Outcome(std::move(one)); }, std::move(of));
}

// Servers written in Go answer a request without TLS with this text.
bool is_for_tls(const net::HttpResponse& response) {
    return response.body.find("HTTP request to an HTTPS server") != std::string::npos;
}

} // namespace

// A request, with everything that is needed to send it again.
struct LeaseApi::Call {
    const char* method;
    std::string target;
    std::string body;
    Steady::time_point deadline;
    Steady::time_point late;
    Done done;
    bool tried_again = false; // after 401
};

LeaseApi::LeaseApi(boost::asio::io_context& loop, kubernetes::ClusterConfig config,
                   const std::string& lease_namespace, const std::string& name,
                   std::function<void(const std::string&)> warn)
    : lease_namespace_(lease_namespace), name_(name), server_(address_of(config.endpoint)),
      collection_("/apis/coordination.k8s.io/v1/namespaces/" + lease_namespace + "/leases"),
      authentication_(loop, config, std::move(warn)), transport_(loop, std::move(config.endpoint)) {
}

net::HttpRequest LeaseApi::request(const char* method, std::string target, std::string body,
                                   kubernetes::Authentication::Present present) {
    if (present.tls) {
        transport_.use(*std::move(present.tls));
    }
    net::HttpRequest request;
    request.method = method;
    request.target = std::move(target);
    request.headers = std::move(present.headers);
    request.headers.emplace_back("Accept", "application/json");
    if (!body.empty()) {
        request.headers.emplace_back("Content-Type", "application/json");
    }
    request.body = std::move(body);
    return request;
}

void LeaseApi::async_send(const char* method, std::string body, Steady::time_point deadline,
                          Steady::time_point late, Done done) {
    const bool is_create = std::string_view(method) == "POST";
    async_ask(method, is_create ? collection_ : collection_ + "/" + name_, std::move(body),
              deadline, std::move(done), late);
}

void LeaseApi::async_ask(const char* method, std::string target, std::string body,
                         Steady::time_point deadline, Done done, Steady::time_point late) {
    send(std::make_shared<Call>(
        Call{method, std::move(target), std::move(body), deadline, late, std::move(done)}));
}

void LeaseApi::async_authenticate(Steady::time_point deadline,
                                  std::function<void(std::string)> done) {
    using Present = kubernetes::Authentication::Present;
    authentication_.async_get(deadline, [this, done](std::variant<Present, std::string> got) {
        auto* present = std::get_if<Present>(&got);
        if (present != nullptr && present->tls) {
            transport_.use(*std::move(present->tls));
        }
        done(present != nullptr ? "" : std::get<std::string>(std::move(got)));
    });
}

void LeaseApi::send(std::shared_ptr<Call> call) {
    using Present = kubernetes::Authentication::Present;
    authentication_.async_get(call->deadline, [this, call](std::variant<Present, std::string> got) {
        if (auto* present = std::get_if<Present>(&got)) {
            return send_as(*present, call);
        }
        call->done(net::HttpError{net::HttpError::Kind::kUnreachable,
                                  std::get<std::string>(std::move(got))});
    });
}

void LeaseApi::send_as(kubernetes::Authentication::Present& present,
                       const std::shared_ptr<Call>& call) {
    const auto now = Steady::now();
    const Duration left = std::max<Duration>(call->deadline - now, Duration(1));
    const Duration late = std::max<Duration>(call->late - now, Duration(0));
    const unsigned generation = present.generation;
    transport_.async_send(
        request(call->method, call->target, call->body, std::move(present)), left,
        [this, call, generation](net::HttpResult result) {
            if (is_unauthorized(result) && !call->tried_again) {
                call->tried_again = true;
                if (authentication_.refused(generation) && Steady::now() < call->deadline) {
                    send(call);
                    return;
                }
            }
            call->done(std::move(result));
        },
        late);
}

std::string LeaseApi::watch_target(const std::string& version, Duration lifetime) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime).count();
    // Watches exactly one object, so that a Role's resourceNames can allow it.
    std::string target = collection_ + "?watch=true&allowWatchBookmarks=true" +
                         "&fieldSelector=metadata.name%3D" + name_ +
                         "&timeoutSeconds=" + std::to_string(seconds);
    if (!version.empty()) {
        target += "&resourceVersion=" + version;
    }
    return target;
}

void LeaseApi::async_watch(const std::string& version, Duration lifetime, Duration silence,
                           net::HttpStream stream) {
    constexpr Duration kTimeToBegin = std::chrono::seconds(10);
    const std::string target = watch_target(version, lifetime);
    using Present = kubernetes::Authentication::Present;
    authentication_.async_get(
        Steady::now() + kTimeToBegin, [=, this](std::variant<Present, std::string> got) {
            auto* present = std::get_if<Present>(&got);
            if (present == nullptr) {
                stream.ended(net::HttpError{net::HttpError::Kind::kUnreachable,
                                            std::get<std::string>(std::move(got))});
                return;
            }
            watch_generation_ = present->generation;
            transport_.async_stream(request("GET", target, "", std::move(*present)), kTimeToBegin,
                                    silence, stream);
        });
}

election::ReadOutcome LeaseApi::read_outcome(const net::HttpResult& result) const {
    const auto* response = std::get_if<net::HttpResponse>(&result);
    if (response == nullptr) {
        return failure_of("get", result);
    }
    if (response->status != 200) {
        return widened<election::ReadOutcome>(absent_or_refused("get", *response));
    }
    if (!is_json_object(response->body)) {
        return election::Failure{
            election::Failure::Kind::kUnreachable, kubernetes::no_api(access("get")), {}};
    }
    // An answer that is not this Lease comes from something on the way, or from a server that is
    // starting, and is temporary. A record that cannot be read is what the server stores, and
    // stays.
    const auto another = [&](const store::Malformed& why) {
        return election::Failure{
            election::Failure::Kind::kUnreachable,
            cannot("get", "it answered 200 with something else than the Lease (" +
                              beginning_of(response->body) + "): " + why.text),
            {}};
    };
    auto parsed = store::parse_json(response->body);
    if (const auto* bad = std::get_if<store::Malformed>(&parsed)) {
        return another(*bad);
    }
    auto& tree = std::get<nlohmann::ordered_json>(parsed);
    if (const auto bad = store::why_no_lease(tree)) {
        return another(*bad);
    }
    auto object = store::lease_object_of(std::move(tree));
    if (const auto* bad = std::get_if<store::Malformed>(&object)) {
        return election::Failure{
            election::Failure::Kind::kMalformed,
            cannot("get", "the record in the Lease cannot be read: " + bad->text),
            {}};
    }
    auto lease = stored_lease(std::move(object));
    if (const auto* bad = std::get_if<store::Malformed>(&lease)) {
        return another(*bad);
    }
    return std::get<election::StoredLease>(std::move(lease));
}

election::WriteOutcome LeaseApi::write_outcome(const char* verb, const election::LeaseRecord& sent,
                                               const net::HttpResult& result) const {
    const auto* response = std::get_if<net::HttpResponse>(&result);
    if (response == nullptr) {
        return failure_of(verb, result);
    }
    if (response->status == 409) {
        return election::Conflict{};
    }
    if (response->status != 200 && response->status != 201) {
        return std::string_view(verb) == "update"
                   ? widened<election::WriteOutcome>(absent_or_refused(verb, *response))
                   : failure_of(verb, result);
    }
    const auto unknown = [&](const std::string& what) {
        return election::Failure{election::Failure::Kind::kUnreachable,
                                 cannot(verb, "it answered " + std::to_string(response->status) +
                                                  " with " + what +
                                                  ", so whether it was written is unknown"),
                                 {}};
    };
    auto lease = stored_lease(store::parse_lease_object(response->body));
    if (const auto* bad = std::get_if<store::Malformed>(&lease)) {
        return unknown("a body that is not this Lease (" + bad->text + ")");
    }
    if (!is_record_of(sent, std::get<election::StoredLease>(lease).record)) {
        return unknown("a record that le-run did not send");
    }
    auto& stored = std::get<election::StoredLease>(lease);
    const election::FencingToken token{stored.version.text};
    return election::Written{std::move(stored), token};
}

election::Failure LeaseApi::failure_of(const char* verb, const net::HttpResult& result) const {
    if (const auto* response = std::get_if<net::HttpResponse>(&result)) {
        return refused(verb, *response, store::parse_api_status(response->body));
    }
    const auto& error = std::get<net::HttpError>(result);
    const bool untrusted = error.kind == net::HttpError::Kind::kUntrusted;
    return {untrusted ? election::Failure::Kind::kUntrusted : election::Failure::Kind::kUnreachable,
            kubernetes::not_answered(access(verb), error.text),
            {}};
}

kubernetes::Refused LeaseApi::refused_credentials(const net::HttpResponse& response) const {
    const auto ahead = response.clock_ahead.value_or(std::chrono::seconds(0));
    kubernetes::Refused known = authentication_.describe(net::this_clock() - ahead);
    known.clock = net::clock_difference_text(ahead);
    return known;
}

std::variant<election::Absent, election::Failure>
LeaseApi::absent_or_refused(const char* verb, const net::HttpResponse& response) const {
    const auto parsed = store::parse_api_status(response.body);
    const auto* status = std::get_if<store::ApiStatus>(&parsed);
    if (response.status == 404 && status != nullptr && status->reason == "NotFound" &&
        status->details_kind == "leases" && status->details_name == name_) {
        return election::Absent{};
    }
    return refused(verb, response, parsed);
}

election::Failure LeaseApi::refused(const char* verb, const net::HttpResponse& response,
                                    const store::Parsed<store::ApiStatus>& parsed) const {
    const kubernetes::Access access = this->access(verb);
    const auto* status = std::get_if<store::ApiStatus>(&parsed);
    const std::string message = authentication_.without_secrets(
        status != nullptr ? status->message : plain_words(response.status, response.body));
    election::Failure failure{election::Failure::Kind::kUnreachable, {}, response.retry_after};
    switch (response.status) {
    case 400:
    case 422:
        failure.kind = election::Failure::Kind::kDenied;
        failure.text = is_for_tls(response)
                           ? kubernetes::wants_tls(access)
                           : kubernetes::answered(access, response.status, message);
        break;
    case 401:
        failure.kind = election::Failure::Kind::kDenied;
        failure.text = kubernetes::unauthorized(access, message, refused_credentials(response));
        break;
    case 403:
        failure.kind = election::Failure::Kind::kDenied;
        failure.text = kubernetes::forbidden(access, status != nullptr ? std::optional(message)
                                                                       : std::nullopt);
        break;
    case 404:
        if (status != nullptr && status->reason == "NotFound" &&
            status->details_kind == "namespaces") {
            failure.kind = election::Failure::Kind::kDenied;
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

store::Parsed<election::StoredLease>
LeaseApi::stored_lease(store::Parsed<store::LeaseObject> parsed) const {
    if (const auto* bad = std::get_if<store::Malformed>(&parsed)) {
        return *bad;
    }
    auto& lease = std::get<store::LeaseObject>(parsed);
    if (lease.name != name_) {
        return store::Malformed{"it is a Lease with another name"};
    }
    if (lease.uid.empty()) {
        return store::Malformed{"`metadata.uid` is missing"};
    }
    if (!is_resource_version(lease.resource_version)) {
        return store::Malformed{"`metadata.resourceVersion` is not a whole number"};
    }
    return election::StoredLease{std::move(lease.record),
                                 election::Version{std::move(lease.resource_version)},
                                 std::move(lease.object)};
}

std::string LeaseApi::cannot(const char* verb, const std::string& why) const {
    return kubernetes::cannot(access(verb), authentication_.without_secrets(why));
}

} // namespace le_run::kubernetes_store
