// The texts for answers of an API server: one line each, without secrets. A text names the verb,
// the object, the user, the server and the answer, and says what to do.
//
// Texts for faults before an answer are in net/http_failure.h, net/certificate_text.h and
// net/proxy_greeting.h.
#pragma once

#include <optional>
#include <string>

#include "base/one_line.h"

namespace le_run::kubernetes {

// One request for one Lease.
struct Access {
    std::string verb; // "get", "create", "update", "watch": the verb of RBAC
    std::string lease_namespace;
    std::string name;
    std::string server; // "https://10.0.0.1:6443"
    std::string user{}; // empty: not known
};

// Any failure: "cannot get lease NS/N as USER at SERVER: ", followed by `why`.
std::string cannot(const Access& access, const std::string& why);

// No answer; `transport_text` already names the server.
std::string not_answered(const Access& access, const std::string& transport_text);

// What is known about refused credentials.
struct Refused {
    std::string from;    // where they come from
    std::string problem; // what is wrong with their file or plugin, or empty
    std::string expired; // "the token expired on ..."; empty: nothing has expired
    std::string clock;   // how far this machine's clock is wrong, or empty
};

// 401.
std::string unauthorized(const Access& access, const std::string& server_message,
                         const Refused& credentials);

// 403; without a message, the answer is not from a Kubernetes API. The server's message names user,
// verb, resource and namespace. If rights are missing, the text also names the rules for a Role.
std::string forbidden(const Access& access, const std::optional<std::string>& server_message);

// The server says that a right is missing, before le-run has used it.
std::string right_missing(const Access& access);

// 404 for the namespace itself.
std::string namespace_missing(const Access& access);

// A 404 that no API server gives for a Lease.
std::string no_lease_api(const Access& access);

// A 200 without a JSON object.
std::string no_api(const Access& access);

// A 400 from a server that needs TLS on this port.
std::string wants_tls(const Access& access);

// Any other status; `server_message` may be empty.
std::string answered(const Access& access, int status, const std::string& server_message);

} // namespace le_run::kubernetes
