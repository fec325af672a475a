#include "app/signal_source.h"

#include <cerrno>
#include <system_error>

#include <unistd.h>

namespace le_run::app {
namespace {

int open_signals() {
    sigset_t set;
    ::sigfillset(&set);
    for (const int crash : kCrashSignals) {
        ::sigdelset(&set, crash);
    }
    const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        throw std::system_error(errno, std::generic_category(), "signalfd");
    }
    return fd;
}

} // namespace

SignalSource::SignalSource(boost::asio::io_context& loop, Handler handler)
    : signals_(loop, open_signals()), handler_(std::move(handler)) {
    wait();
}

void SignalSource::wait() {
    signals_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code& error) {
                            if (error) {
                                return; // this object is being destroyed
                            }
                            signalfd_siginfo info{};
                            while (::read(signals_.native_handle(), &info, sizeof info) ==
                                   sizeof info) {
                                handler_(info);
                            }
                            wait();
                        });
}

} // namespace le_run::app
