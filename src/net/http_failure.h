// Why a request got no answer, in plain words, with what to look at.
#pragma once

#include <string>

namespace le_run::net {

// Why the verification of a server failed, and what to change.
struct TrustFailure {
    std::string text;           // one line; empty: it did not fail
    bool is_about_time = false; // a certificate is not valid now, so the clocks are of interest
};

// What the HTTP library reports: a stage in `what`, and a code whose meaning depends on it.
struct WireFailure {
    std::string what;
    int code = 0;
    TrustFailure trust;          // of the server or the proxy
    std::string proxy;           // why the proxy did not connect to the server; empty: it did
    bool is_plain = false;       // it went without TLS
    bool is_too_large = false;   // the answer was longer than HttpTransport::kMaxBody
    bool is_unconnected = false; // a tunnel did not get through: nothing has reached the server
};

// "connection refused or host unreachable", "certificate CN=x: expired on ...". One line, no
// secrets.
std::string describe(const WireFailure& failure);

// Of an errno of connect().
std::string describe_connect(int code);

// Whether `code` says that our verification of the server ended the handshake. (Verifications of
// other connections say nothing of this one.)
bool is_distrust(int code);

// Whether the request failed while it was being written. Where the connection was kept from the
// request before, the server has closed it since. (When that shows while the answer is awaited,
// cpprest sends the request again by itself.)
bool failed_while_writing(const WireFailure& failure);

} // namespace le_run::net
