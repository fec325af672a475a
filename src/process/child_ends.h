// How the children of one loop's process ended, for who waits for them.
//
// le-run is a subreaper, and as PID 1 it adopts strangers, so one place reaps every child that ends
// (app/guard_link.cc). Who has started one beside the guard asks here how it ended, whichever of
// the two noticed first.
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

    // Begins to remember the end of this child; before the loop goes on after its fork.
    void expect(pid_t child) { ends_[child].reset(); }
    void forget(pid_t child) { ends_.erase(child); }
    // The reaper has taken it.
    void reaped(pid_t child, int wait_status) {
        if (const auto found = ends_.find(child); found != ends_.end()) {
            found->second = wait_status;
        }
    }
    // The wait status of an expected child that has ended, reaped now if need be, and forgotten.
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
