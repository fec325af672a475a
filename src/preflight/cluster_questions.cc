#include "preflight/cluster_questions.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace le_run::preflight {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kPluginPatience = std::chrono::seconds(65); // a plugin may run for 60 s

// The body of an answer with this status. Nothing: it has another status, or no JSON.
std::optional<Json> body_of(const net::HttpResult& answer, int status) {
    const auto* response = std::get_if<net::HttpResponse>(&answer);
    if (response == nullptr || response->status != status) {
        return std::nullopt;
    }
    auto parsed = store::parse_json(response->body);
    auto* json = std::get_if<Json>(&parsed);
    return json == nullptr ? std::nullopt : std::optional(std::move(*json));
}

// The value at `path`; null: there is none.
const Json* at(const Json& json, const char* path) {
    const Json::json_pointer pointer(path);
    return json.contains(pointer) ? &json.at(pointer) : nullptr;
}

} // namespace

std::string ClusterQuestions::authenticate() {
    std::string problem;
    loop_.restart();
    api_.async_authenticate(kubernetes_store::LeaseApi::Steady::now() + kPluginPatience,
                            [&](std::string said) {
                                problem = std::move(said);
                                loop_.stop();
                            });
    loop_.run(); // not at all when it has been stopped from inside the call
    return problem;
}

net::HttpResult ClusterQuestions::may(const char* verb) {
    Json attributes{{"namespace", api_.lease_namespace()},
                    {"group", "coordination.k8s.io"},
                    {"resource", "leases"},
                    {"verb", verb}};
    if (std::string(verb) != "create") {
        attributes["name"] = api_.name();
    }
    const Json review{{"apiVersion", "authorization.k8s.io/v1"},
                      {"kind", "SelfSubjectAccessReview"},
                      {"spec", {{"resourceAttributes", std::move(attributes)}}}};
    return ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review.dump());
}

std::optional<bool> ClusterQuestions::is_granted(const net::HttpResult& answer) {
    const auto json = body_of(answer, 201);
    const Json* allowed = json ? at(*json, "/status/allowed") : nullptr;
    return allowed != nullptr && allowed->is_boolean() ? std::optional(allowed->get<bool>())
                                                       : std::nullopt;
}

net::HttpResult ClusterQuestions::try_create() {
    return ask("POST", api_.collection() + "?dryRun=All",
               store::make_lease_object(api_.lease_namespace(), api_.name(), {}));
}

net::HttpResult ClusterQuestions::try_watch() {
    return ask("GET", api_.watch_target("", std::chrono::seconds(1)), "");
}

election::ReadOutcome ClusterQuestions::read(Duration timeout) {
    return api_.read_outcome(ask_until(kubernetes_store::LeaseApi::Steady::now() + timeout, "GET",
                                       api_.collection() + "/" + api_.name(), ""));
}

std::optional<std::string> ClusterQuestions::who_am_i() {
    const Json review{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "SelfSubjectReview"}};
    const auto json = body_of(
        ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review.dump()), 201);
    const Json* name = json ? at(*json, "/status/userInfo/username") : nullptr;
    return name != nullptr && name->is_string() ? std::optional(name->get<std::string>())
                                                : std::nullopt;
}

std::optional<Duration> ClusterQuestions::grace_period_of_pod(const std::string& pod_namespace,
                                                              const std::string& pod) {
    const auto json =
        body_of(ask("GET", "/api/v1/namespaces/" + pod_namespace + "/pods/" + pod, ""), 200);
    const Json* period = json ? at(*json, "/spec/terminationGracePeriodSeconds") : nullptr;
    return period != nullptr && period->is_number_unsigned()
               ? std::optional<Duration>(std::chrono::seconds(period->get<std::uint32_t>()))
               : std::nullopt;
}

net::HttpResult ClusterQuestions::ask(const char* method, std::string target, std::string body) {
    return ask_until(kubernetes_store::LeaseApi::Steady::now() + kPatience, method,
                     std::move(target), std::move(body));
}

net::HttpResult ClusterQuestions::ask_until(kubernetes_store::LeaseApi::Steady::time_point deadline,
                                            const char* method, std::string target,
                                            std::string body) {
    net::HttpResult answer;
    loop_.restart();
    api_.async_ask(method, std::move(target), std::move(body), deadline,
                   [&](net::HttpResult result) {
                       answer = std::move(result);
                       loop_.stop();
                   });
    loop_.run(); // not at all when it has been stopped from inside the call
    return answer;
}

} // namespace le_run::preflight
