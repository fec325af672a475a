// Texts for requests without an answer: why, and what to check.
#pragma once

#include <string>

namespace le_run::net {

// Why the verification of a server failed, and what to change.
struct TrustFailure {
    std::string text;           // one line; empty: it did not fail
    bool is_about_time = false; // a certificate is not valid now, so the clocks matter
};

// A failure from the HTTP library: `what` names the stage, and the meaning of `code` depends on it.
struct WireFailure {
    std::string what;
    int code = 0;
    TrustFailure trust;          // of the server or the proxy
    std::string proxy;           // why the proxy did not connect to the server; empty: it did
    bool is_plain = false;       // the request went without TLS
    bool is_too_large = false;   // the answer was longer than HttpTransport::kMaxBody
    bool is_unconnected = false; // a tunnel did not connect, so nothing has reached the server
};

// A text such as "connection refused or host unreachable" or "certificate CN=x: expired on ...".
// One line, no secrets.
std::string describe(const WireFailure& failure);

// The text for an errno of connect().
std::string describe_connect(int code);

// Whether `code` says that our verification of the server ended this handshake. (The stored
// TrustFailure may be from another connection.)
bool is_distrust(int code);

// Whether the request failed while it was being written. On a reused connection, this means that
// the server has closed it. (If that shows only while waiting for the answer, cpprest sends the
// request again by itself.)
bool failed_while_writing(const WireFailure& failure);

} // namespace le_run::net
