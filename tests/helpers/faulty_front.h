// Stands between le-run and an API server on a loopback port of its own and does what networks and
// servers do wrong.
//
// Runs in a thread of its own; every member may be called from the test's thread and has taken
// effect when it returns.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "helpers/api_server.h"

namespace le_run::test {

class FaultyFront {
public:
    enum class Mode {
        kPass,        // everything goes through; the TLS is the server's
        kHang,        // connections stay open and new ones are accepted, no byte moves
        kRefuse,      // nobody listens; established connections are reset
        kReset,       // connections are accepted and reset
        kDropAnswers, // requests reach the server, answers do not come back
        kDrip,        // answers come byte by byte, one a second
        kAnswer500,   // TLS ends here (with the server's certificate): each request is answered 500
        kAnswer429,   // the same with 429 and Retry-After: 3600
        kAnswer503,   // the same with 503
        kAnswer401,   // the same with 401
        kSlow,        // TLS ends here: each request waits before it reaches the server (slow_down)
        kFull,        // the same: of ten writes nine are answered 429 with Retry-After: 1
    };

    // Starts in kPass. The port is reserved for the front's whole life, also while it refuses.
    explicit FaultyFront(const ApiServerAccess& server);
    ~FaultyFront();
    FaultyFront(const FaultyFront&) = delete;
    FaultyFront& operator=(const FaultyFront&) = delete;

    const std::string& port() const;
    // Leaving kHang or kDropAnswers resets the connections that lived through it: their bytes are
    // out of step.
    void set(Mode mode);
    // kSlow, with so long a wait.
    void slow_down(std::chrono::nanoseconds delay);
    // In kPass and kSlow: the connection over which the client sends next hangs for good, with what
    // was sent; all others go on.
    void hang_next();
    // Connections accepted since the start, in any mode.
    int connections() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace le_run::test
