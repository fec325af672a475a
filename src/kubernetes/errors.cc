#include "kubernetes/errors.h"

#include "kubernetes/role.h"

namespace le_run::kubernetes {
namespace {

constexpr std::size_t kMostOfAUser = 253;

std::string with_message(const std::string& message) {
    return message.empty() ? "" : ": " + message;
}

std::string what(const Access& access) {
    return access.verb + " lease " + access.lease_namespace + "/" + access.name +
           (access.user.empty() ? "" : " as " + one_line(access.user, kMostOfAUser));
}

std::string attempt(const Access& access) { return "cannot " + what(access); }

// Texts of the API server about webhooks and policies. These choose the status of the answer, so
// their text counts more than the status.
struct Words {
    const char* said;
    const char* text;
};
constexpr Words kWords[] = {
    {"denied the request",
     "a policy of the cluster forbids it: change what the message names, or ask the owner of that "
     "webhook or policy"},
    {"failed calling webhook",
     "the server calls that webhook, and the webhook does not answer correctly: repair or remove "
     "it"},
    {"failed to call webhook",
     "the server calls that webhook, and the webhook does not answer correctly: repair or remove "
     "it"},
};

// What to do about a status without its own function.
struct Advice {
    int first, last;
    const char* text;
};
constexpr Advice kAdvice[] = {
    {300, 399,
     "something on the way redirects the request, perhaps to a login page; check the server's "
     "address and proxies"},
    {408, 408, "the server did not get the request in time; le-run tries again"},
    {410, 410, "Gone: the server no longer has the requested version; le-run asks again"},
    {413, 413, "the Lease is too large for the server; remove what others have added to it"},
    {422, 422,
     "the server or one of its policies does not accept the new content of the Lease; change "
     "what the message names"},
    {429, 429,
     "le-run tries again after the server's Retry-After, or earlier if the lease needs it"},
    {500, 500, "the server itself has failed; its log says why"},
    {502, 502, "a proxy or load balancer cannot reach the API server"},
    {503, 503, "le-run tries again"},
    {504, 504, "the API server, or etcd behind it, does not answer in time"},
};

// The same for an answer without a message. With a message these texts could be wrong: the server
// may shut down and not be overloaded.
constexpr Advice kAdviceWithoutMessage[] = {
    {400, 400, "the request is not what this server expects; check its address"},
    {405, 405, "this is not an API server; check the server's address and path"},
    {415, 415, "this is not an API server; check the server's address and path"},
    {429, 429,
     "the server is overloaded or shutting down; le-run tries again after the server's "
     "Retry-After, or earlier if the lease needs it"},
    {503, 503, "the server is not ready or overloaded; le-run tries again"},
};

const char* advice_on(int status, const std::string& server_message) {
    for (const Words& words : kWords) {
        if (server_message.find(words.said) != std::string::npos) {
            return words.text;
        }
    }
    const auto fits = [&](const Advice& advice) {
        return advice.first <= status && status <= advice.last;
    };
    for (const Advice& advice : kAdviceWithoutMessage) {
        if (server_message.empty() && fits(advice)) {
            return advice.text;
        }
    }
    for (const Advice& advice : kAdvice) {
        if (fits(advice)) {
            return advice.text;
        }
    }
    return nullptr;
}

// Both rules, so that the next start does not fail at the next verb.
std::string role_rules(const Access& access) {
    return "add to a Role in namespace " + access.lease_namespace +
           ", bound to that user, the rules "
           "{apiGroups: [\"coordination.k8s.io\"], resources: [\"leases\"], resourceNames: [\"" +
           access.name + "\"], verbs: " + kVerbsOfOneLease +
           "} and "
           "{apiGroups: [\"coordination.k8s.io\"], resources: [\"leases\"], verbs: [\"create\"]} "
           "(create cannot be limited by resourceNames); le-run rbac prints them";
}

} // namespace

std::string cannot(const Access& access, const std::string& why) {
    return one_line(attempt(access) + " at " + access.server + ": " + why);
}

std::string not_answered(const Access& access, const std::string& transport_text) {
    return one_line(attempt(access) + ": " + transport_text);
}

std::string unauthorized(const Access& access, const std::string& server_message,
                         const Refused& credentials) {
    std::string why = "the server does not accept our credentials (401" +
                      with_message(server_message) + "); they come from " + credentials.from;
    if (!credentials.problem.empty()) {
        why += ", and " + credentials.problem;
    }
    if (!credentials.expired.empty()) {
        why += ", and " + credentials.expired;
    }
    why += "; get new ones, or name the context that has the right ones";
    if (!credentials.clock.empty()) {
        why += "; " + credentials.clock + ": set it";
    }
    return cannot(access, why);
}

std::string forbidden(const Access& access, const std::optional<std::string>& server_message) {
    if (!server_message) {
        return cannot(access,
                      "it answered 403, but not as a Kubernetes API does: another server, or "
                      "something on the way, denies the request; check the server's address and "
                      "proxies");
    }
    const auto says = [&](const char* words) {
        return server_message->find(words) != std::string::npos;
    };
    std::string why = "the server denies it (403" + with_message(*server_message) + ")";
    // A quota, a terminating namespace or an admission hook also cause 403; a Role does not help.
    if (says(" cannot impersonate ")) {
        why +=
            "; let that user impersonate (a ClusterRole with the verb impersonate), or leave as, "
            "as-uid, as-groups and as-user-extra out of the kubeconfig";
    } else if (says("User \"system:anonymous\"")) {
        why += "; it saw no credentials: name a user with credentials, and never give rights to "
               "this one";
    } else if (says(" cannot ") && says("resource \"leases\"")) {
        why += "; " + role_rules(access);
    } else if (const char* advice = advice_on(403, *server_message)) {
        why += std::string("; ") + advice;
    }
    return cannot(access, why);
}

std::string right_missing(const Access& access) {
    return one_line("no right to " + what(access) + " at " + access.server + "; " +
                    role_rules(access));
}

std::string namespace_missing(const Access& access) {
    return cannot(access, "namespace " + access.lease_namespace +
                              " does not exist; create it or name another one in the lock");
}

std::string no_lease_api(const Access& access) {
    return cannot(access, "it answered 404 without a word about this lease: this is not a "
                          "Kubernetes API (or one without coordination.k8s.io/v1); check the "
                          "server's address and path");
}

std::string no_api(const Access& access) {
    return cannot(access, "it answered 200 without a JSON object, perhaps with a login page: this "
                          "is not a Kubernetes API; check the server's address and path, and "
                          "proxies");
}

std::string wants_tls(const Access& access) {
    if (access.server.starts_with("https:")) {
        return cannot(access, "a proxy there ends TLS and forwards requests without TLS to a port "
                              "that needs TLS; correct that proxy");
    }
    return cannot(access, "it needs TLS on this port; write https:// in the server's address");
}

std::string answered(const Access& access, int status, const std::string& server_message) {
    std::string why = "it answered " + std::to_string(status) + with_message(server_message);
    if (const char* advice = advice_on(status, server_message)) {
        why += std::string("; ") + advice;
    }
    return cannot(access, why);
}

} // namespace le_run::kubernetes
