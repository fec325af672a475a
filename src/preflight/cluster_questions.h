// Asks an API server questions that change nothing, one at a time. Each call blocks for at most ten
// seconds; only a credential plugin may take longer.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "store/kubernetes/lease_api.h"

namespace le_run::preflight {

class ClusterQuestions {
public:
    ClusterQuestions(kubernetes::ClusterConfig config, const std::string& lease_namespace,
                     const std::string& name, std::function<void(const std::string&)> warn)
        : api_(loop_, std::move(config), lease_namespace, name, std::move(warn)) {}

    // Returns why there are no credentials; empty: there are some. A plugin may take a minute.
    std::string authenticate();

    // Asks whether the verb is granted on this Lease, by a SelfSubjectAccessReview. The server does
    // not store it.
    net::HttpResult may(const char* verb);
    // Nothing: `answer` does not say it.
    static std::optional<bool> is_granted(const net::HttpResult& answer);
    // A create as a dry run: the server checks everything and stores nothing.
    net::HttpResult try_create();
    net::HttpResult try_watch();
    election::ReadOutcome read(Duration timeout);
    // The user's name, by a SelfSubjectReview, which the server does not store. Nothing: the server
    // does not tell (before Kubernetes 1.28).
    std::optional<std::string> who_am_i();
    // Nothing: the server does not tell.
    std::optional<Duration> grace_period_of_pod(const std::string& pod_namespace,
                                                const std::string& pod);

    // What went wrong with `verb`. `result` must not be a success.
    std::string failure_text(const char* verb, const net::HttpResult& result) const {
        return api_.failure_of(verb, result).text;
    }
    const kubernetes_store::LeaseApi& api() const { return api_; }

private:
    net::HttpResult ask(const char* method, std::string target, std::string body);
    net::HttpResult ask_until(kubernetes_store::LeaseApi::Steady::time_point deadline,
                              const char* method, std::string target, std::string body);

    boost::asio::io_context loop_{1};
    kubernetes_store::LeaseApi api_;
};

} // namespace le_run::preflight
