#include "store/lease_api.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "net/address.h"

namespace le_run {
namespace {

using net::HttpError;
using net::HttpResponse;
using net::HttpResult;

// KEP-5504: a decimal integer without leading zeros, at most 2^128 - 1.
bool is_resource_version(const std::string& text) {
    return !text.empty() && text.size() <= 39 && text.front() != '0' &&
           text.find_first_not_of("0123456789") == std::string::npos;
}

std::string address_of(const net::Endpoint& endpoint) {
    return (endpoint.tls ? "https://" : "http://") + net::authority(endpoint.host, endpoint.port) +
           endpoint.base_path;
}

// What servers written in Go say to a request without TLS.
bool is_for_tls(const HttpResponse& response) {
    return response.body.find("HTTP request to an HTTPS server") != std::string::npos;
}

} // namespace

// A request with what it takes to send it again.
struct LeaseApi::Call {
    const char* method;
    std::string body;
    Steady::time_point deadline;
    Done done;
    bool tried_again = false; // after 401
};

LeaseApi::LeaseApi(boost::asio::io_context& loop, kubernetes::ClusterConfig config,
                   const std::string& lease_namespace, const std::string& name)
    : lease_namespace_(lease_namespace), name_(name), server_(address_of(config.endpoint)),
      credentials_from_(config.source),
      collection_("/apis/coordination.k8s.io/v1/namespaces/" + lease_namespace + "/leases"),
      token_(config.token, Steady::now()),
      client_certificate_(config.endpoint.tls_config.client_certificate_pem),
      headers_(std::move(config.headers)), transport_(loop, std::move(config.endpoint)) {}

net::HttpRequest LeaseApi::request(const char* method, std::string target, std::string body) {
    net::HttpRequest request;
    request.method = method;
    request.target = std::move(target);
    request.headers = headers_;
    request.headers.emplace_back("Accept", "application/json");
    if (!body.empty())
        request.headers.emplace_back("Content-Type", "application/json");
    sent_token_ = token_.current(Steady::now());
    if (!sent_token_.empty())
        request.headers.emplace_back("Authorization", "Bearer " + sent_token_);
    request.body = std::move(body);
    return request;
}

void LeaseApi::async_send(const char* method, std::string body, Steady::time_point deadline,
                          Done done) {
    send(std::make_shared<Call>(Call{method, std::move(body), deadline, std::move(done)}));
}

void LeaseApi::send(std::shared_ptr<Call> call) {
    const bool is_create = std::string_view(call->method) == "POST";
    const Duration left = std::max<Duration>(call->deadline - Steady::now(), Duration(1));
    transport_.async_send(
        request(call->method, is_create ? collection_ : collection_ + "/" + name_, call->body),
        left, [this, call](HttpResult result) {
            const auto* response = std::get_if<HttpResponse>(&result);
            if (response != nullptr && response->status == 401 && !call->tried_again) {
                call->tried_again = true;
                if (read_token_again() && Steady::now() < call->deadline) {
                    send(call);
                    return;
                }
            }
            call->done(std::move(result));
        });
}

void LeaseApi::async_watch(const std::string& version, Duration lifetime, Duration silence,
                           net::HttpStream stream) {
    constexpr Duration kTimeToBegin = std::chrono::seconds(10);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime).count();
    // Exactly one object: a Role's resourceNames allow that.
    std::string target = collection_ + "?watch=true&allowWatchBookmarks=true" +
                         "&fieldSelector=metadata.name%3D" + name_ +
                         "&timeoutSeconds=" + std::to_string(seconds);
    if (!version.empty())
        target += "&resourceVersion=" + version;
    transport_.async_stream(request("GET", std::move(target), ""), kTimeToBegin, silence,
                            std::move(stream));
}

ReadOutcome LeaseApi::read_outcome(const HttpResult& result) const {
    const auto* response = std::get_if<HttpResponse>(&result);
    if (response != nullptr && says_absent(*response))
        return Absent{};
    if (response == nullptr || response->status != 200)
        return failure_of("get", result);
    auto lease = stored_lease(parse_lease_object(response->body), response->body);
    if (const auto* bad = std::get_if<Malformed>(&lease))
        return Failure{Failure::Kind::kMalformed,
                       cannot("get", "the answer is no Lease that can be read: " + bad->text),
                       {}};
    return Found{std::get<StoredLease>(std::move(lease))};
}

WriteOutcome LeaseApi::write_outcome(const char* verb, const HttpResult& result) const {
    const auto* response = std::get_if<HttpResponse>(&result);
    if (response == nullptr)
        return failure_of(verb, result);
    if (response->status == 409)
        return Conflict{};
    if (std::string_view(verb) == "update" && says_absent(*response))
        return Absent{};
    if (response->status != 200 && response->status != 201)
        return failure_of(verb, result);
    auto lease = stored_lease(parse_lease_object(response->body), response->body);
    if (const auto* bad = std::get_if<Malformed>(&lease))
        return Failure{Failure::Kind::kUnreachable,
                       cannot(verb, "it answered " + std::to_string(response->status) +
                                        " with no Lease that can be read (" + bad->text +
                                        "), so whether it was written is unknown"),
                       {}};
    auto& stored = std::get<StoredLease>(lease);
    const FencingToken token{stored.version.text};
    return Written{std::move(stored), token};
}

Failure LeaseApi::failure_of(const char* verb, const HttpResult& result) const {
    if (const auto* response = std::get_if<HttpResponse>(&result))
        return refused(verb, *response);
    const auto& error = std::get<HttpError>(result);
    const bool untrusted = error.kind == HttpError::Kind::kUntrusted;
    return {untrusted ? Failure::Kind::kUntrusted : Failure::Kind::kUnreachable,
            kubernetes::not_answered(access(verb), error.text),
            {}};
}

std::string LeaseApi::user() const {
    for (const auto& [name, value] : headers_) {
        if (name == "Impersonate-User")
            return value;
    }
    return kubernetes::user_of(sent_token_, client_certificate_);
}

kubernetes::Refused LeaseApi::refused_credentials(const HttpResponse& response) const {
    kubernetes::Refused known{credentials_from_, token_.problem().value_or(""), {}, {}};
    const auto claims = kubernetes::read_claims(sent_token_);
    if (claims && claims->expires && *claims->expires <= net::this_clock())
        known.expired = net::text_of(*claims->expires);
    if (response.clock_ahead)
        known.clock = net::clock_difference_text(*response.clock_ahead);
    return known;
}

Failure LeaseApi::refused(const char* verb, const HttpResponse& response) const {
    const kubernetes::Access access = this->access(verb);
    const auto parsed = parse_api_status(response.body);
    const auto* status = std::get_if<ApiStatus>(&parsed);
    const std::string message = status != nullptr ? status->message : "";
    Failure failure{Failure::Kind::kUnreachable, {}, response.retry_after};
    switch (response.status) {
    case 400:
    case 422:
        failure.kind = Failure::Kind::kDenied;
        failure.text = is_for_tls(response)
                           ? kubernetes::wants_tls(access)
                           : kubernetes::answered(access, response.status, message);
        break;
    case 401:
        failure.kind = Failure::Kind::kDenied;
        failure.text = kubernetes::unauthorized(access, message, refused_credentials(response));
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

Parsed<StoredLease> LeaseApi::stored_lease(Parsed<LeaseObject> parsed, std::string object) const {
    if (const auto* bad = std::get_if<Malformed>(&parsed))
        return *bad;
    auto& lease = std::get<LeaseObject>(parsed);
    if (lease.name != name_)
        return Malformed{"it is the Lease of another name"};
    if (lease.uid.empty())
        return Malformed{"`metadata.uid` is missing"};
    if (!is_resource_version(lease.resource_version))
        return Malformed{"`metadata.resourceVersion` is not a whole number"};
    return StoredLease{std::move(lease.record), Version{std::move(lease.resource_version)},
                       std::move(object)};
}

bool LeaseApi::says_absent(const HttpResponse& response) const {
    if (response.status != 404)
        return false;
    const auto parsed = parse_api_status(response.body);
    const auto* status = std::get_if<ApiStatus>(&parsed);
    return status != nullptr && status->reason == "NotFound" && status->details_kind == "leases" &&
           status->details_name == name_;
}

std::string LeaseApi::cannot(const char* verb, const std::string& why) const {
    return kubernetes::cannot(access(verb), why);
}

} // namespace le_run
