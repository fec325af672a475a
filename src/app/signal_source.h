// The signals that le-run receives, one by one, on the loop. They are blocked in every thread, by
// main before anything else, so none interrupts anything and none is handled in the middle of
// something else.
#pragma once

#include <csignal>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/signalfd.h>

namespace le_run::app {

// They report a crash of this very thread and stay unblocked: a crash must stay a crash.
inline constexpr int kCrashSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};

class SignalSource {
public:
    using Handler = std::function<void(const signalfd_siginfo&)>;

    // Calls `handler` on the loop for each signal that arrives.
    SignalSource(boost::asio::io_context& loop, Handler handler);

private:
    void wait();

    boost::asio::posix::stream_descriptor signals_;
    Handler handler_;
};

} // namespace le_run::app
