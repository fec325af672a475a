// Keeps how children of this process ended, for the code that waits for them.
//
// le-run is a subreaper, and as PID 1 it gets strangers as children, so one place reaps every child
// (app/guard_link.cc). Code that has started a child beside the guard asks here how it ended, even
// if that place has reaped it.
#pragma once

#include <map>
#include <optional>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <sys/types.h>
#include <sys/wait.h>

namespace le_run::process {

// One for each loop: boost::asio::use_service<ChildEnds>(loop). The loop's thread.
class ChildEnds : public boost::asio::execution_context::service {
public:
    using key_type = ChildEnds;
    static inline boost::asio::execution_context::id id;

    explicit ChildEnds(boost::asio::execution_context& loop) : service(loop) {}

    // Begins to remember the end of this child. Call it after the fork, before the loop goes on.
    void expect(pid_t child) { ends_[child].reset(); }
    void forget(pid_t child) { ends_.erase(child); }
    // The reaper has reaped this child.
    void reaped(pid_t child, int wait_status) {
        if (const auto found = ends_.find(child); found != ends_.end()) {
            found->second = wait_status;
        }
    }
    // Takes the wait status of an expected child that has ended. Reaps it if nobody has yet.
    std::optional<int> take(pid_t child) {
        std::optional<int> end = ends_[child];
        int status = 0;
        if (!end && ::waitpid(child, &status, WNOHANG | __WALL) == child) {
            end = status;
        }
        if (end) {
            forget(child);
        }
        return end;
    }

private:
    void shutdown() override {}

    std::map<pid_t, std::optional<int>> ends_;
};

} // namespace le_run::process
