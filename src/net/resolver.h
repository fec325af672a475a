// The addresses of one host name, looked up without ever blocking the loop.
//
// getaddrinfo has no timeout: with a dead name server it takes 10 to 20 s. It runs in a detached
// thread of its own, one at a time; the answer comes back through the loop. The last good addresses
// are kept and used while a lookup is slow or fails, so a name server that is down does not take
// the lease with it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace le_run::net {

struct LookupAnswer {
    std::vector<std::string> addresses; // IP literals, without brackets, in the order to try
    std::string problem;                // when there are none: why
};

// Blocks; called on a thread of its own, never twice at once.
using Lookup = std::function<LookupAnswer(const std::string& name)>;

LookupAnswer system_lookup(const std::string& name); // getaddrinfo

// Lives on the loop's thread; to be destroyed before the loop.
class Resolver {
public:
    using Handler = std::function<void(const LookupAnswer&)>;

    Resolver(boost::asio::io_context& loop, std::string host, Lookup lookup = system_lookup);
    ~Resolver(); // handlers are not called any more; a lookup under way is left behind

    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // Calls `handler` once on the loop, never from inside this call: at once with the known
    // addresses, however old, else when the lookup under way ends. Known addresses older than a
    // minute are looked up again in the background.
    void async_resolve(Handler handler);

    // The known addresses did not work: look again in the background, unless a lookup is under way.
    void refresh();

private:
    class State;
    std::shared_ptr<State> state_;
};

} // namespace le_run::net
