// One thread for all accesses to one lease file, so that a file system that hangs never blocks
// le-run's loop.
//
// Threads: call the members on the loop's thread. Accesses run one after another on their own
// thread, which owns the LeaseFile and has all signals blocked. Answers run on the loop. The
// destructor never waits: if the current access returns, the thread closes the file and ends, and
// does not touch the loop any more.
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

    // `id` names the access for withdraw().
    void start(std::uint64_t id, Access access);
    // Cancels the access if it has not begun. True: it was cancelled.
    bool withdraw(std::uint64_t id);

private:
    struct Shared;
    static void run(const std::shared_ptr<Shared>& shared, const std::string& path);

    std::shared_ptr<Shared> shared_;
};

} // namespace le_run::file_store
