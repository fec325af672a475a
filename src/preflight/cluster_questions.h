// What can be asked of an API server without changing anything, one question at a time. Blocks,
// each question at most ten seconds, but for a credential plugin.
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

    // Why there are no credentials; empty: there are. A plugin may take a minute.
    std::string authenticate();

    // Whether the verb is granted on this Lease: a SelfSubjectAccessReview, which is kept nowhere.
    net::HttpResult may(const char* verb);
    // Nothing: `answer` does not say.
    static std::optional<bool> is_granted(const net::HttpResult& answer);
    // As dry run: through all but the store.
    net::HttpResult try_create();
    net::HttpResult try_watch();
    election::ReadOutcome read(Duration timeout);
    // The user's name: a SelfSubjectReview, which is kept nowhere. Nothing: the server does not say
    // (before Kubernetes 1.28).
    std::optional<std::string> who_am_i();
    // Nothing: the server does not say.
    std::optional<Duration> grace_period_of_pod(const std::string& pod_namespace,
                                                const std::string& pod);

    // What went wrong with `verb`; `result` is no success.
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
