// Delivers le-run's signals one by one on the loop. main blocks them before anything else, so they
// are blocked in every thread and interrupt nothing.
#pragma once

#include <csignal>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/signalfd.h>

namespace le_run::app {

// These signals report a crash of the current thread. They stay unblocked, so that a crash stays a
// crash.
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
