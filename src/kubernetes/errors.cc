#include "kubernetes/errors.h"

namespace le_run::kubernetes {
namespace {

std::string with_message(const std::string& message) {
    return message.empty() ? "" : ": " + message;
}

std::string attempt(const Access& access) {
    return "cannot " + access.verb + " lease " + access.lease_namespace + "/" + access.name;
}

// Both rules, so that the next start does not fail at the next verb.
std::string role_rules(const Access& access) {
    return "add to a Role in namespace " + access.lease_namespace +
           ", bound to that user, the rules "
           "{apiGroups: [\"coordination.k8s.io\"], resources: [\"leases\"], resourceNames: [\"" +
           access.name +
           "\"], verbs: [\"get\", \"update\", \"watch\"]} and "
           "{apiGroups: [\"coordination.k8s.io\"], resources: [\"leases\"], verbs: [\"create\"]} "
           "(create cannot be limited by resourceNames)";
}

} // namespace

std::string one_line(std::string text) {
    constexpr std::size_t kMost = 2000;
    if (text.size() > kMost)
        text = text.substr(0, kMost) + "...";
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
            c = ' ';
    }
    return text;
}

std::string cannot(const Access& access, const std::string& why) {
    return one_line(attempt(access) + " at " + access.server + ": " + why);
}

std::string not_answered(const Access& access, const std::string& transport_text) {
    return one_line(attempt(access) + ": " + transport_text);
}

std::string unauthorized(const Access& access, const std::string& server_message,
                         const std::string& credentials_from, const std::string& token_problem) {
    std::string why = "the server does not accept our credentials (401" +
                      with_message(server_message) + "); they come from " + credentials_from;
    if (!token_problem.empty())
        why += ", and " + token_problem;
    return cannot(access, why);
}

std::string forbidden(const Access& access, const std::string& server_message) {
    std::string why = "the server denies it (403" + with_message(server_message) + ")";
    // Quota, a terminating namespace or an admission hook say 403 too; no Role would help.
    const bool lacks_rights =
        server_message.empty() || server_message.find(" cannot ") != std::string::npos;
    if (lacks_rights)
        why += "; " + role_rules(access);
    return cannot(access, why);
}

std::string namespace_missing(const Access& access) {
    return cannot(access, "namespace " + access.lease_namespace +
                              " does not exist; create it or name another one in the lock");
}

std::string no_lease_api(const Access& access) {
    return cannot(access, "it answered 404 without a word about this lease: this is not a "
                          "Kubernetes API (or one without coordination.k8s.io/v1); check the "
                          "server address and its path");
}

std::string answered(const Access& access, int status, const std::string& server_message) {
    return cannot(access, "it answered " + std::to_string(status) + with_message(server_message));
}

} // namespace le_run::kubernetes
