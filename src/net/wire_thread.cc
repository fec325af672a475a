#include "net/wire_thread.h"

#include <chrono>
#include <future>
#include <memory>
#include <utility> // Boost 1.74 leaves it out

#include <boost/asio/post.hpp>
#include <pplx/threadpool.h>

#include "net/signals_blocked.h"

namespace le_run::net {

namespace {

// At its end, cpprest's thread drops the remaining handlers without freeing them. A program that
// ends soon after a cancelled request would leak them. So this runs them first; each may add
// others.
class WireThread {
public:
    explicit WireThread(std::size_t threads) {
        const SignalsBlocked blocked;
        crossplat::threadpool::initialize_with_threads(threads);
        has_thread_ = threads > 0;
    }
    ~WireThread() {
        constexpr int kGenerations = 100;
        for (int i = 0; has_thread_ && i < kGenerations; ++i) {
            const auto reached = std::make_shared<std::promise<void>>();
            boost::asio::post(loop(), [reached] { reached->set_value(); });
            const auto wait = reached->get_future().wait_for(std::chrono::seconds(1));
            has_thread_ = wait == std::future_status::ready; // false in a forked child
        }
    }
    static boost::asio::io_context& loop() {
        return crossplat::threadpool::shared_instance().service();
    }

private:
    bool has_thread_ = false;
};

} // namespace

boost::asio::io_context& wire_loop(std::size_t threads) {
    static const WireThread the_only(threads); // gone before the pool, which it has made
    return WireThread::loop();
}

} // namespace le_run::net
