// What an API server answered, in the user's words: one line each, without secrets. It says what
// was attempted, on which object, as whom, at which server, what came back and what to do.
//
// What goes wrong before there is an answer: net/http_failure.h, net/certificate_text.h,
// net/proxy_greeting.h.
#pragma once

#include <optional>
#include <string>

#include "base/one_line.h"

namespace le_run::kubernetes {

// One request for one Lease.
struct Access {
    std::string verb; // "get", "create", "update", "watch": as RBAC calls it
    std::string lease_namespace;
    std::string name;
    std::string server; // "https://10.0.0.1:6443"
    std::string user{}; // empty: not known
};

// Any failure: "cannot get lease NS/N as USER at SERVER: " and `why`.
std::string cannot(const Access& access, const std::string& why);

// No answer; `transport_text` already names the server.
std::string not_answered(const Access& access, const std::string& transport_text);

// What is known of credentials that were refused.
struct Refused {
    std::string from;    // where they come from
    std::string problem; // what is wrong with their file or plugin, or empty
    std::string expired; // "the token expired on ..."; empty: nothing has
    std::string clock;   // how this machine's clock is off, or empty
};

// 401.
std::string unauthorized(const Access& access, const std::string& server_message,
                         const Refused& credentials);

// 403; no message: not from a Kubernetes API. Names the user, verb, resource and namespace (the
// server's message does) and the rule that a Role needs, unless the server refused for another
// reason than missing rights.
std::string forbidden(const Access& access, const std::optional<std::string>& server_message);

// A right that the server says is missing, before anything was attempted with it.
std::string right_missing(const Access& access);

// 404 for the namespace itself.
std::string namespace_missing(const Access& access);

// 404 that no API server would give for a Lease.
std::string no_lease_api(const Access& access);

// 200 with something that is no JSON object.
std::string no_api(const Access& access);

// 400 from a server that wants TLS on this port.
std::string wants_tls(const Access& access);

// Any other status; `server_message` may be empty.
std::string answered(const Access& access, int status, const std::string& server_message);

} // namespace le_run::kubernetes
