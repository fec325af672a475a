// The log lines about a stop of the child: which processes a long stop waits for, how many SIGKILL
// ended, and why.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <sys/types.h>

#include "base/clock.h"
#include "election/actions.h"
#include "guard/channel.h"
#include "observe/log.h"
#include "options/options.h"
#include "process/boottime_timer.h"

namespace le_run::app {

// Loop thread only.
class Drain {
public:
    static constexpr Duration kTellEvery = std::chrono::minutes(1);

    // The child's tree is below `guard`.
    Drain(boost::asio::io_context& loop, const options::Options& options, pid_t guard,
          std::function<void(const observe::LogLine&)> tell, Duration every = kTellEvery);

    void begins(const election::StopWork& stop);
    // The child has ended; the rest of its tree is now asked to stop.
    void child_ended();
    void tree_is_gone(const guard::Gone& gone);
    // The guard has died: le-run ends the tree itself.
    void guard_is_lost() { forget(); }

private:
    void tell_what_is_waited_for();
    std::string killed_text(const guard::Gone& gone);
    std::string reason_for_killing(const guard::Gone& gone);
    Duration lasted() { return clock_.now().boot() - began_at_.boot(); }
    void forget();

    const options::Options& options_;
    pid_t guard_;
    std::function<void(const observe::LogLine&)> tell_;
    Duration every_;
    Clock clock_;
    process::BoottimeTimer timer_;
    std::optional<election::StopWork> stop_;
    bool has_child_ended_ = false;
    TimePoint began_at_{};
};

} // namespace le_run::app
