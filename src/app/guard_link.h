// le-run's side of the guard: sends it the child's deadlines, receives news of the child, and
// notices when the guard dies or hangs. Then le-run ends the tree itself.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "app/guard_queue.h"
#include "base/clock.h"
#include "guard/channel.h"
#include "guard/guard.h"
#include "guard/process_tree.h"
#include "leader/guard_watch.h"
#include "process/boottime_timer.h"
#include "process/child_ends.h"
#include "process/terminal.h"

namespace le_run::app {

// Loop thread only. Callbacks come from the loop, never from inside a call.
class GuardLink {
public:
    struct Callbacks {
        std::function<void(const guard::FromGuard&)>
            message; // about the current run only; without Pong
        std::function<void(const std::string& how)>
            lost; // the guard has died, or was ended because it did not answer
        // After lost: no process of the tree is left. `killed`: how many SIGKILL ended.
        std::function<void(std::uint32_t killed)> swept;
        std::function<void(const std::string& text)> warning;
    };

    GuardLink(boost::asio::io_context& loop, guard::GuardProcess guard, Callbacks callbacks);

    // `run` must be a new number; messages about an earlier run are dropped from now on. The child
    // also gets `environment`, with entries "NAME=value". False: the entries do not fit.
    // `acquire_time`: of the record that won the lease.
    bool start(guard::RunNumber run, TimePoint term_at, TimePoint kill_at, WallTime acquire_time,
               const std::vector<std::string>& environment);
    void extend(TimePoint term_at, TimePoint kill_at);
    using Lease = leader::GuardWatch::Lease;
    void stop(int signal, TimePoint kill_at, Lease lease);
    void pass_on(int signal);
    // The run is over, and its lease is released, lost, or will run out. If le-run dies now, the
    // guard has nothing to release.
    void settled(guard::RunNumber run);

    // How late the guard may wake up, as the election assumes.
    void set_lambda(Duration lambda) { watch_.set_lambda(lambda); }

    // Whether a Start was sent and its Gone has not come yet, while the guard lives.
    bool is_run_under_way() const { return state_ == State::kRunning; }
    // Call it for each SIGCHLD. Reaps orphans (as PID 1, le-run gets strangers as children), and
    // continues a stopped guard.
    void children_changed();

private:
    enum class State { kIdle, kRunning, kSweeping, kLost };

    void send(const guard::ToGuard& message);
    void receive();
    void wait_for_messages();
    void wait_for_death();
    void ping();
    void arm_ping();
    void guard_died();
    void look_at_terminal();
    void sweep();
    bool reap_some();

    guard::GuardProcess guard_;
    Callbacks callbacks_;
    guard::LeRunEnd channel_;
    boost::asio::posix::stream_descriptor readable_;
    boost::asio::posix::stream_descriptor death_;
    GuardQueue queue_;
    leader::GuardWatch watch_;
    process::BoottimeTimer ping_timer_;
    process::BoottimeTimer sweep_timer_;
    process::BoottimeTimer terminal_timer_; // armed while the child has the terminal
    guard::ProcessTree tree_;
    process::Terminal terminal_;
    pid_t child_ = 0; // of the current run; its number in the guard's PID namespace
    process::ChildEnds& child_ends_;
    Clock clock_;
    State state_ = State::kIdle;
    guard::RunNumber run_ = 0;
    std::string death_cause_ = "the guard process ended";
    std::uint32_t killed_ = 0; // by the sweep; each process counts once
    Duration sweep_pause_{};
};

} // namespace le_run::app
