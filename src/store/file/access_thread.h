// One thread that does the accesses of one lease file, so that a file system that hangs never
// blocks le-run's loop.
//
// Threads: the members are called on the loop's thread. Accesses run one after another on a thread
// of our own with all signals blocked; it owns the LeaseFile. Answers run on the loop. The
// destructor never waits: the thread ends by itself after the access that it is in, if that ever
// returns, touches nothing of the loop any more, and closes the file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "store/file/lease_file.h"

namespace le_run::file_store {

class AccessThread {
public:
    using Answer = std::function<void()>;
    using Access = std::function<Answer(LeaseFile&)>;

    // `loop` must outlive this.
    AccessThread(boost::asio::io_context& loop, const std::string& path);
    ~AccessThread();
    AccessThread(const AccessThread&) = delete;
    AccessThread& operator=(const AccessThread&) = delete;

    // `id` names it for withdraw.
    void start(std::uint64_t id, Access access);
    // The access does not happen if it has not begun; whether that is so.
    bool withdraw(std::uint64_t id);

private:
    struct Shared;
    static void run(const std::shared_ptr<Shared>& shared, const std::string& path);

    std::shared_ptr<Shared> shared_;
};

} // namespace le_run::file_store
