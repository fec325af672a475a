// A timer that also counts while the machine is suspended; asio's own timers stop then.
#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/time_point.h"

namespace le_run::process {

// Loop thread only. The handler may be called late, but is never lost. A second arm() replaces the
// first.
class BoottimeTimer {
public:
    BoottimeTimer(boost::asio::io_context& loop, std::function<void()> handler);

    void arm(Duration from_now); // zero or less: as soon as the loop is free
    void disarm();

private:
    void wait();

    boost::asio::posix::stream_descriptor timer_;
    std::function<void()> handler_;
};

} // namespace le_run::process
