#include "store/file/access_thread.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <csignal>
#include <pthread.h>

#include <boost/asio/post.hpp>

namespace le_run::file_store {

struct AccessThread::Shared {
    std::mutex mutex; // protects everything below; never held during an access
    std::condition_variable changed;
    std::deque<std::pair<std::uint64_t, Access>> waiting;
    boost::asio::io_context* loop = nullptr; // null: the store is gone
};

AccessThread::AccessThread(boost::asio::io_context& loop, const std::string& path)
    : shared_(std::make_shared<Shared>()) {
    shared_->loop = &loop;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // the new thread inherits it
    std::thread([shared = shared_, path] {
        pthread_setname_np(pthread_self(), "lease-file");
        run(shared, path);
    }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

AccessThread::~AccessThread() {
    std::deque<std::pair<std::uint64_t, Access>> dropped; // destroyed after the mutex is released
    const std::lock_guard lock(shared_->mutex);
    shared_->loop = nullptr;
    dropped.swap(shared_->waiting);
    shared_->changed.notify_one();
}

void AccessThread::start(std::uint64_t id, Access access) {
    const std::lock_guard lock(shared_->mutex);
    shared_->waiting.emplace_back(id, std::move(access));
    shared_->changed.notify_one();
}

bool AccessThread::withdraw(std::uint64_t id) {
    const std::lock_guard lock(shared_->mutex);
    return std::erase_if(shared_->waiting, [id](const auto& entry) { return entry.first == id; }) >
           0;
}

void AccessThread::run(const std::shared_ptr<Shared>& shared, const std::string& path) {
    LeaseFile file(path);
    while (true) {
        std::unique_lock lock(shared->mutex);
        shared->changed.wait(lock,
                             [&] { return shared->loop == nullptr || !shared->waiting.empty(); });
        if (shared->loop == nullptr) {
            return;
        }
        auto access = std::move(shared->waiting.front().second);
        shared->waiting.pop_front();
        lock.unlock();

        auto answer = access(file);

        lock.lock();
        if (shared->loop != nullptr) {
            boost::asio::post(*shared->loop, std::move(answer));
        }
    }
}

} // namespace le_run::file_store
