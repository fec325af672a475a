#include "run/guard_link.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "check.h"

namespace le_run {
namespace {

// A ping follows an extension where it can, so that both processes wake up for both at once. By
// itself it comes where extensions are rarer than kPingDuringRun, or fail; an unanswered one is
// repeated.
constexpr Duration kPingDuringRun = std::chrono::seconds(3);
constexpr Duration kPingWithoutRun = std::chrono::seconds(10);
constexpr Duration kPingUnanswered = std::chrono::seconds(1);
// A guard that is silent for so long is continued once (it may have been stopped), then ended.
// Renewals do not depend on it meanwhile; past kill_at nothing may be waited for, so there half a
// lambda must do.
constexpr Duration kContinueAfter = std::chrono::seconds(3);
constexpr Duration kEndAfter = std::chrono::seconds(6);
constexpr Duration kEndAfterKillAt = std::chrono::milliseconds(500);
// From a second before kill_at on it is asked so often that all this, and ending it, takes less
// than lambda.
constexpr Duration kAskOftenBefore = std::chrono::seconds(1);
constexpr Duration kPingNearKillAt = std::chrono::milliseconds(125);
constexpr Duration kSweepPause = std::chrono::milliseconds(2);

int open_pidfd(pid_t pid) {
    const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) {
        throw std::system_error(errno, std::generic_category(), "pidfd_open of the guard");
    }
    return fd;
}

} // namespace

GuardLink::GuardLink(boost::asio::io_context& loop, GuardProcess guard, Callbacks callbacks)
    : guard_(std::move(guard)), callbacks_(std::move(callbacks)), channel_(guard_.channel),
      readable_(loop, ::fcntl(guard_.channel, F_DUPFD_CLOEXEC, 3)),
      death_(loop, open_pidfd(guard_.pid)), ping_timer_(loop, [this] { ping(); }),
      sweep_timer_(loop, [this] { sweep(); }),
      tree_(::getpid() == 1 ? ProcessTree::PidNamespace::kOurs
                            : ProcessTree::PidNamespace::kShared),
      child_ends_(boost::asio::use_service<ChildEnds>(loop)) {
    wait_for_messages();
    wait_for_death();
    ping_timer_.arm(Duration::zero());
    if (!guard_.warning.empty()) {
        boost::asio::post(loop, [this] { callbacks_.warning(guard_.warning); });
    }
}

bool GuardLink::start(TimePoint term_at, TimePoint kill_at, std::int64_t acquire_time,
                      const std::vector<std::string>& environment) {
    LE_CHECK(state_ == State::kIdle);
    Start message;
    message.run = ++run_;
    message.term_at = term_at;
    message.kill_at = kill_at;
    message.acquire_time = acquire_time;
    std::size_t used = 0;
    for (const std::string& entry : environment) {
        if (used + entry.size() + 2 > message.environment.size()) {
            return false;
        }
        std::memcpy(message.environment.data() + used, entry.c_str(), entry.size() + 1);
        used += entry.size() + 1;
    }
    message.foreground = terminal_.lend() ? 1 : 0;
    state_ = State::kRunning;
    kill_at_ = kill_at;
    send(message);
    ping_timer_.arm(until_next_ping(kPingUnanswered));
    return true;
}

void GuardLink::extend(TimePoint term_at, TimePoint kill_at) {
    const bool comes_nearer = !is_not_before(kill_at, kill_at_);
    kill_at_ = kill_at;
    send(Until{run_, term_at, kill_at});
    if (has_passed_for_holder(clock_.now(), pinged_at_ + kPingUnanswered)) {
        ping();
    } else if (comes_nearer) { // else the timer is left alone, however often this is called
        ping_timer_.arm(until_next_ping(kPingUnanswered));
    }
}

void GuardLink::stop(int signal, TimePoint kill_at) {
    kill_at_ = earlier(kill_at_, kill_at);
    send(Stop{run_, signal, kill_at});
    ping_timer_.arm(until_next_ping(kPingUnanswered));
}

void GuardLink::pass_on(int signal) {
    // Its loss is the sender's usual risk with signals. A burst of them must leave room for what
    // the lease has to say: a guard that takes no message is ended.
    if (state_ == State::kRunning && !channel_.is_half_full()) {
        channel_.send(Signal{run_, signal});
    }
}

void GuardLink::settled() {
    if (state_ == State::kIdle && settled_run_ != run_ && channel_.send(Settled{run_})) {
        settled_run_ = run_;
    }
}

void GuardLink::send(const ToGuard& message) {
    if (state_ != State::kRunning) {
        return; // the tree is being swept, or gone
    }
    if (!channel_.send(message)) {
        end_guard("the guard process did not take messages any more and was ended");
    }
}

void GuardLink::wait_for_messages() {
    readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this](const boost::system::error_code& error) {
                             if (!error) {
                                 receive();
                             }
                         });
}

void GuardLink::receive() {
    FromGuard message;
    for (;;) {
        switch (channel_.receive(&message)) {
        case LeRunEnd::Receive::kNothing:
            wait_for_messages();
            return;
        case LeRunEnd::Receive::kClosed:
            return; // a hint only: its death is told by the pidfd
        case LeRunEnd::Receive::kMessage:
            break;
        }
        if (const auto* pong = std::get_if<Pong>(&message)) {
            pongs_ = std::max(pongs_, pong->number);
            if (pongs_ == pings_ && (state_ == State::kIdle || state_ == State::kRunning)) {
                ping_timer_.arm(state_ == State::kIdle ? kPingWithoutRun
                                                       : until_next_ping(kPingDuringRun));
            }
            continue;
        }
        const auto run = std::visit(
            [&](const auto& m) {
                if constexpr (requires { m.run; }) {
                    return m.run;
                } else {
                    return run_;
                }
            },
            message);
        const bool is_current = run == run_ && state_ == State::kRunning;
        if (std::holds_alternative<Gone>(message) && is_current) {
            state_ = State::kIdle;
            terminal_.take_back();
        }
        if (is_current || std::holds_alternative<Late>(message)) {
            callbacks_.message(message);
        }
    }
}

void GuardLink::ping() {
    const TimePoint now = clock_.now();
    const bool is_answered = pongs_ == pings_;
    // le-run itself may have slept: what it did not ask for is not the guard's silence.
    const bool was_late =
        pings_ > 0 && has_passed_for_holder(now, pinged_at_ + kPingUnanswered + kContinueAfter);
    if (is_answered || was_late) {
        silent_since_ = now;
    }
    pinged_at_ = now;
    if (state_ == State::kSweeping || state_ == State::kLost) {
        return;
    }
    const auto silent_for = [&](Duration d) {
        return has_passed_for_holder(now, silent_since_ + d);
    };
    const bool is_overdue = state_ == State::kRunning && !is_answered &&
                            has_passed_for_holder(now, kill_at_ + kEndAfterKillAt) &&
                            silent_for(kEndAfterKillAt);
    if (silent_for(kEndAfter) || is_overdue) {
        end_guard("the guard process did not answer and was ended");
        return;
    }
    if (silent_for(kContinueAfter)) {
        ::kill(guard_.pid, SIGCONT);
    }
    channel_.send(Ping{state_ == State::kRunning ? run_ : 0, ++pings_});
    ping_timer_.arm(until_next_ping(kPingUnanswered)); // receive() makes it longer
}

Duration GuardLink::until_next_ping(Duration longest) {
    if (state_ != State::kRunning) {
        return longest;
    }
    const TimePoint often_from = kill_at_ - kAskOftenBefore;
    return std::clamp(left_for_holder(clock_.now(), often_from), kPingNearKillAt, longest);
}

void GuardLink::children_changed() {
    siginfo_t info{};
    // A stopped guard is continued at once; if that does not help, its silence ends it.
    if (state_ != State::kLost && state_ != State::kSweeping &&
        ::waitid(P_PID, static_cast<id_t>(guard_.pid), &info, WSTOPPED | WNOHANG) == 0 &&
        info.si_pid == guard_.pid) {
        ::kill(guard_.pid, SIGCONT); // before it is told: whoever reads it may stop the guard again
        callbacks_.warning("the guard process was stopped by a signal: continued it");
    }
    if (state_ == State::kSweeping) {
        return; // sweep() reaps and counts
    }
    for (;;) {
        info = {};
        if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 ||
            info.si_pid == 0 || info.si_pid == guard_.pid) {
            return; // the guard's end is told by its pidfd, and reaped there
        }
        int status = 0;
        if (::waitpid(info.si_pid, &status, WNOHANG | __WALL) == info.si_pid) {
            child_ends_.reaped(info.si_pid, status);
        }
    }
}

void GuardLink::wait_for_death() {
    death_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                          if (!error) {
                              guard_died();
                          }
                      });
}

void GuardLink::end_guard(const std::string& why) {
    death_cause_ = why;
    ::kill(guard_.pid, SIGKILL);
}

void GuardLink::guard_died() {
    const bool was_running = state_ == State::kRunning;
    state_ = was_running ? State::kSweeping : State::kLost;
    callbacks_.lost(death_cause_);
    if (was_running) {
        sweep();
    }
}

// The child got SIGKILL by PDEATHSIG; whatever else was left is le-run's now, which is a subreaper.
// Of a guard that was PID 1 nothing is left: the kernel ended and reaped it all before the guard.
// ECHILD, the guard's own zombie reaped as well, is the proof.
void GuardLink::sweep() {
    Reaped reaped;
    do {
        if (tree_.reap(&reaped) == ProcessTree::State::kEmpty) {
            state_ = State::kLost;
            terminal_.take_back();
            callbacks_.swept(swept_);
            return;
        }
        child_ends_.reaped(reaped.pid, reaped.wait_status);
    } while (reaped.pid != 0);
    swept_ += tree_.kill_round();
    sweep_timer_.arm(kSweepPause);
}

} // namespace le_run
