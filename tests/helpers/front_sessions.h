// The connections that a FaultyFront carries, one object for each client's connection.
//
// One thread: that of the front's loop. An object is kept until it is closed: one that hangs has
// nothing under way that would keep it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility> // which Boost 1.74 forgets to include

#include <fcntl.h>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

#include "helpers/faulty_front.h"

namespace le_run::test {

// What all connections of one front look at, at each step.
struct FrontState {
    FaultyFront::Mode mode = FaultyFront::Mode::kPass;
    std::chrono::nanoseconds delay{};
    bool hangs_next = false; // the connection over which the client sends next
    int writes = 0;          // requests that want to change something, in kFull
};

class FrontSession {
public:
    virtual ~FrontSession() = default;
    void close() { // resets the client
        closed_ = true;
        close_sockets();
    }
    bool is_closed() const { return closed_; }

private:
    virtual void close_sockets() = 0;
    bool closed_ = false;
};

void reset(boost::asio::ip::tcp::socket& socket);

// Replicas are started meanwhile. A socket that they inherit stays open when the front closes it: a
// listening one takes connections that nobody serves, and a reset is not sent.
template <class Socket>
void keep_from_children(Socket& socket) {
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

// Carries bytes both ways, as the mode allows at the moment; the TLS is the server's.
std::shared_ptr<FrontSession> relay_bytes(boost::asio::ip::tcp::socket client,
                                          const boost::asio::ip::tcp::endpoint& server,
                                          FrontState& state);
// Accepts TLS and carries request by request; kSlow holds each one, kFull answers most writes.
std::shared_ptr<FrontSession> relay_requests(boost::asio::ip::tcp::socket client,
                                             boost::asio::ssl::context& tls,
                                             const boost::asio::ip::tcp::endpoint& server,
                                             FrontState& state);
// Accepts TLS, reads a request, answers it and closes. `head`: status line and headers.
std::shared_ptr<FrontSession> answer_once(boost::asio::ip::tcp::socket client,
                                          boost::asio::ssl::context& tls, const std::string& head);

} // namespace le_run::test
