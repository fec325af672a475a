// The signals that le-run receives, one by one, on the loop. They are blocked in every thread, so
// none interrupts anything and none is handled in the middle of something else.
#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/signalfd.h>

namespace le_run {

// Blocks every signal but those that report a crash of this very thread (SIGSEGV, SIGBUS, ...), and
// stores the mask that was in force. Call it first thing in main.
void block_signals(sigset_t* before);

class SignalSource {
public:
    using Handler = std::function<void(const signalfd_siginfo&)>;

    // Calls `handler` on the loop for each blocked signal that arrives.
    SignalSource(boost::asio::io_context& loop, Handler handler);

private:
    void wait();

    boost::asio::posix::stream_descriptor signals_;
    Handler handler_;
};

} // namespace le_run
