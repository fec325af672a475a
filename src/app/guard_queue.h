// Keeps le-run's messages to its guard, in order, until the kernel takes them.
//
// If a message cannot be sent now (no memory, the guard reads too slowly), the queue tries again
// until it is sent. Meanwhile the guard follows its last deadlines, so nothing must be ended.
// GuardWatch decides whether the guard hangs; the pidfd tells whether it is dead.
#pragma once

#include <deque>

#include <boost/asio/io_context.hpp>

#include "guard/channel.h"
#include "process/boottime_timer.h"

namespace le_run::app {

// Loop thread only. `channel` must live as long as the queue.
class GuardQueue {
public:
    GuardQueue(boost::asio::io_context& loop, guard::LeRunEnd& channel);

    // Sends `message` after the waiting ones. An Until replaces a waiting Until, or the deadlines
    // of a waiting Start.
    void send(const guard::ToGuard& message);
    // Sends `message` now or drops it; a later one does as well.
    guard::LeRunEnd::Sent send_now(const guard::ToGuard& message);
    // Whether the guard is far behind with reading.
    bool is_crowded() const;
    // Drops the waiting messages: they are about a run that is over, or the guard is dead.
    void clear();

private:
    guard::LeRunEnd::Sent flush();
    bool merge(const guard::Until& until);

    guard::LeRunEnd& channel_;
    process::BoottimeTimer retry_;
    std::deque<guard::ToGuard> unsent_;
};

} // namespace le_run::app
