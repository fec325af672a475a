#include "process/boottime_timer.h"

#include <system_error>

#include <sys/timerfd.h>
#include <unistd.h>

#include "base/check.h"

namespace le_run::process {
namespace {

int open_timer() {
    const int fd = ::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0) {
        throw std::system_error(errno, std::generic_category(), "timerfd_create");
    }
    return fd;
}

} // namespace

BoottimeTimer::BoottimeTimer(boost::asio::io_context& loop, std::function<void()> handler)
    : timer_(loop, open_timer()), handler_(std::move(handler)) {
    wait();
}

void BoottimeTimer::arm(Duration from_now) {
    // A zero it_value would disarm the timer.
    const auto ns = std::max<std::int64_t>(1, from_now.count());
    itimerspec when{};
    when.it_value.tv_sec = ns / 1'000'000'000;
    when.it_value.tv_nsec = ns % 1'000'000'000;
    LE_CHECK(::timerfd_settime(timer_.native_handle(), 0, &when, nullptr) == 0);
}

void BoottimeTimer::disarm() {
    const itimerspec never{};
    LE_CHECK(::timerfd_settime(timer_.native_handle(), 0, &never, nullptr) == 0);
}

void BoottimeTimer::wait() {
    timer_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                          if (error) {
                              return; // this object is being destroyed
                          }
                          std::uint64_t expirations = 0;
                          const bool fired =
                              ::read(timer_.native_handle(), &expirations, sizeof expirations) > 0;
                          wait();
                          if (fired) { // a later arm() may have reset it
                              handler_();
                          }
                      });
}

} // namespace le_run::process
