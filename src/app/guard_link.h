// le-run's side of the guard: tells it what the child may do, hears what became of it, and notices
// when the guard itself dies or stops. Then le-run ends the tree in its place.
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
            message; // of the run under way only; Pong stays inside
        std::function<void(const std::string& how)>
            lost; // the guard has died, or was ended because it did not answer
        // After lost: no process of the tree is left. `killed`: how many died by SIGKILL.
        std::function<void(std::uint32_t killed)> swept;
        std::function<void(const std::string& text)> warning;
    };

    GuardLink(boost::asio::io_context& loop, guard::GuardProcess guard, Callbacks callbacks);

    // `run` is a new number; messages of an earlier one are dropped from now on. `environment`
    // goes to the child in addition; "NAME=value" each. False: it does not fit.
    // `acquire_time`: of the record that won the lease, in microseconds.
    bool start(guard::RunNumber run, TimePoint term_at, TimePoint kill_at,
               std::int64_t acquire_time, const std::vector<std::string>& environment);
    void extend(TimePoint term_at, TimePoint kill_at);
    // Whether the lease outlasts `kill_at`, as far as the last extension goes. Where it is lost,
    // nothing that the guard should do may be waited for.
    enum class Lease { kHeld, kLost };
    void stop(int signal, TimePoint kill_at, Lease lease);
    void pass_on(int signal);
    // That run is over, and its lease is not held any more, or not to be released: when le-run dies
    // now the guard has nothing to do in its place.
    void settled(guard::RunNumber run);

    // How late the guard may wake, by what the election reckons with.
    void set_lambda(Duration lambda) { watch_.set_lambda(lambda); }

    // Whether a Start has been sent whose Gone has not come, and the guard is there to send it.
    bool is_run_under_way() const { return state_ == State::kRunning; }
    // A SIGCHLD came: reaps orphans (as PID 1 le-run adopts strangers), and sees to a stopped
    // guard.
    void children_changed();

private:
    enum class State { kIdle, kRunning, kSweeping, kLost };

    void send(const guard::ToGuard& message);
    void receive();
    void wait_for_messages();
    void wait_for_death();
    void ping();
    void arm_ping();
    TimePoint urgent_at() const;
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
    process::BoottimeTimer terminal_timer_; // armed while the terminal is lent
    guard::ProcessTree tree_;
    process::Terminal terminal_;
    pid_t child_ = 0; // of the run under way, as the guard numbers it
    process::ChildEnds& child_ends_;
    Clock clock_;
    State state_ = State::kIdle;
    guard::RunNumber run_ = 0;
    TimePoint term_at_{};                         // of the run under way
    TimePoint kill_at_ = TimePoint::far_future(); // likewise; a Stop's counts
    Lease lease_ = Lease::kHeld;
    std::string death_cause_ = "the guard process ended";
    std::uint32_t killed_ = 0; // in a sweep; each process once
    Duration sweep_pause_{};
};

} // namespace le_run::app
