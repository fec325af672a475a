// Lets other threads run functions on the loop.
//
// Its user on the loop shares it with the threads that work for that user. After the user has
// closed it, late functions are dropped. So a thread that hangs in a library for a minute may
// outlive the user and the loop.
#pragma once

#include <mutex>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace le_run::net {

class Door {
public:
    explicit Door(boost::asio::io_context& loop) : loop_(&loop) {}

    // Any thread. `function` runs on the loop, or never. The calling thread may destroy it, so it
    // must not own anything that belongs to the loop.
    template <typename Function>
    void post(Function function) {
        const std::lock_guard lock(mutex_);
        if (loop_ != nullptr) {
            boost::asio::post(*loop_, std::move(function));
        }
    }

    // Call it on the loop's thread, before the loop is destroyed.
    void close() {
        const std::lock_guard lock(mutex_);
        loop_ = nullptr;
    }

private:
    std::mutex mutex_;
    boost::asio::io_context* loop_;
};

} // namespace le_run::net
