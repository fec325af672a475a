// What le-run has to tell its guard, in order, until the kernel has taken it.
//
// A message that cannot be sent now (no memory for it, the guard reads too slowly) is no reason to
// end anything: the guard goes by the instants it was last given. So the message is tried again
// until it is sent. Whether the guard hangs is for GuardWatch to say, and its pidfd says whether it
// is dead.
#pragma once

#include <deque>

#include <boost/asio/io_context.hpp>

#include "guard/channel.h"
#include "process/boottime_timer.h"

namespace le_run::app {

// Loop thread only. `channel` must live as long.
class GuardQueue {
public:
    GuardQueue(boost::asio::io_context& loop, guard::LeRunEnd& channel);

    // Sends `message` behind those that wait. An Until replaces the one that waits, or the instants
    // of a Start that waits.
    void send(const guard::ToGuard& message);
    // Sends `message` now, or never: a later one will do as well.
    guard::LeRunEnd::Sent send_now(const guard::ToGuard& message);
    // Whether more would only make the guard's backlog worse.
    bool is_crowded() const;
    // Forgets what waits: it is about a run that is over, or the guard is dead.
    void clear();

private:
    guard::LeRunEnd::Sent flush();
    bool merge(const guard::Until& until);

    guard::LeRunEnd& channel_;
    process::BoottimeTimer retry_;
    std::deque<guard::ToGuard> unsent_;
};

} // namespace le_run::app
