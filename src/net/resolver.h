// Looks up the addresses of one host name, and never blocks the loop.
//
// getaddrinfo has no timeout: with a dead name server it takes 10 to 20 s. So it runs in a detached
// thread, one at a time, and the answer comes back through the loop. While a lookup is slow or
// fails, the last good addresses are used. So le-run does not lose the lease when a name server is
// down.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace le_run::net {

struct LookupAnswer {
    std::vector<std::string> addresses; // IP literals, without brackets, in the order to try
    std::string problem;                // if there are no addresses: why
};

// Blocks. Called on a separate thread; two calls never overlap.
using Lookup = std::function<LookupAnswer(const std::string& name)>;

LookupAnswer system_lookup(const std::string& name); // getaddrinfo

// For the loop's thread; destroy it before the loop.
class Resolver {
public:
    using Handler = std::function<void(const LookupAnswer&)>;

    Resolver(boost::asio::io_context& loop, std::string host, Lookup lookup = system_lookup);
    ~Resolver(); // no handler is called after it; a running lookup is left alone

    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // Calls `handler` once on the loop, never from inside this call. With known addresses of any
    // age, it does so at once; otherwise when the lookup ends. If the known addresses are older
    // than a minute, it looks them up again in the background.
    void async_resolve(Handler handler);

    // Call it when the known addresses did not work: looks them up again in the background, unless
    // a lookup is running.
    void refresh();

private:
    class State;
    std::shared_ptr<State> state_;
};

} // namespace le_run::net
