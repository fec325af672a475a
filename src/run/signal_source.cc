#include "run/signal_source.h"

#include <csignal>
#include <system_error>

#include <unistd.h>

#include "check.h"

namespace le_run {
namespace {

// A crash must stay a crash: were these blocked, a kill -SEGV would only be read here.
sigset_t received_signals() {
    sigset_t set;
    ::sigfillset(&set);
    for (const int crash : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
        ::sigdelset(&set, crash);
    }
    return set;
}

int open_signals() {
    const sigset_t set = received_signals();
    const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        throw std::system_error(errno, std::generic_category(), "signalfd");
    }
    return fd;
}

} // namespace

void block_signals(sigset_t* before) {
    const sigset_t set = received_signals();
    LE_CHECK(::sigprocmask(SIG_SETMASK, &set, before) == 0);
}

SignalSource::SignalSource(boost::asio::io_context& loop, Handler handler)
    : signals_(loop, open_signals()), handler_(std::move(handler)) {
    wait();
}

void SignalSource::wait() {
    signals_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code& error) {
                            if (error) {
                                return; // being destroyed
                            }
                            signalfd_siginfo info{};
                            while (::read(signals_.native_handle(), &info, sizeof info) ==
                                   sizeof info) {
                                handler_(info);
                            }
                            wait();
                        });
}

} // namespace le_run
