#include "app/guard_link.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "base/check.h"

namespace le_run::app {
namespace {

constexpr Duration kShortestSweepPause = std::chrono::milliseconds(2); // between two rounds
constexpr Duration kLongestSweepPause = std::chrono::milliseconds(16); // dying processes need CPU
constexpr int kReapsPerPart = 256;
// Only if le-run has a terminal.
constexpr Duration kLookAtTerminal = std::chrono::milliseconds(500);

int open_pidfd(pid_t pid) {
    const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) {
        throw std::system_error(errno, std::generic_category(), "pidfd_open of the guard");
    }
    return fd;
}

} // namespace

GuardLink::GuardLink(boost::asio::io_context& loop, guard::GuardProcess guard, Callbacks callbacks)
    : guard_(std::move(guard)), callbacks_(std::move(callbacks)), channel_(guard_.channel),
      readable_(loop, ::fcntl(guard_.channel, F_DUPFD_CLOEXEC, 3)),
      death_(loop, open_pidfd(guard_.pid)), queue_(loop, channel_),
      ping_timer_(loop, [this] { ping(); }), sweep_timer_(loop, [this] { sweep(); }),
      terminal_timer_(loop, [this] { look_at_terminal(); }),
      tree_(::getpid() == 1 ? guard::ProcessTree::PidNamespace::kOurs
                            : guard::ProcessTree::PidNamespace::kShared),
      child_ends_(boost::asio::use_service<process::ChildEnds>(loop)) {
    wait_for_messages();
    wait_for_death();
    ping_timer_.arm(Duration::zero());
    if (!guard_.warning.empty()) {
        boost::asio::post(loop, [this] { callbacks_.warning(guard_.warning); });
    }
}

bool GuardLink::start(guard::RunNumber run, TimePoint term_at, TimePoint kill_at,
                      WallTime acquire_time, const std::vector<std::string>& environment) {
    LE_CHECK(state_ == State::kIdle && run > run_);
    run_ = run;
    guard::Start message;
    message.run = run;
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
    child_ = 0;
    if (message.foreground != 0) {
        terminal_timer_.arm(kLookAtTerminal);
    }
    state_ = State::kRunning;
    queue_.send(message);
    watch_.started(clock_.now(), term_at, kill_at);
    arm_ping();
    return true;
}

void GuardLink::extend(TimePoint term_at, TimePoint kill_at) {
    if (state_ != State::kRunning) {
        return; // the tree is gone, or le-run is ending it
    }
    queue_.send(guard::Until{run_, term_at, kill_at});
    const TimePoint now = clock_.now();
    const TimePoint due = watch_.due();
    watch_.extended(now, term_at, kill_at);
    if (has_passed_for_holder(now, watch_.due())) {
        ping();
    } else if (watch_.due() != due) {
        arm_ping();
    }
}

void GuardLink::stop(int signal, TimePoint kill_at, Lease lease) {
    if (state_ != State::kRunning) {
        return;
    }
    terminal_.give_back(); // the guard continues a stopped child
    queue_.send(guard::Stop{run_, signal, kill_at});
    watch_.stopped(clock_.now(), kill_at, lease);
    arm_ping();
}

void GuardLink::pass_on(int signal) {
    // A dropped signal is a sender's usual risk. A burst of signals must leave room for messages
    // about the lease.
    if (state_ == State::kRunning && !queue_.is_crowded()) {
        if (signal == SIGCONT) {
            terminal_.give_back();
        }
        queue_.send(guard::Signal{run_, signal});
    }
}

void GuardLink::settled(guard::RunNumber run) {
    if (state_ == State::kIdle) {
        queue_.send(guard::Settled{run});
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
    guard::FromGuard message;
    for (;;) {
        switch (channel_.receive(&message)) {
        case guard::LeRunEnd::Receive::kNothing:
            wait_for_messages();
            return;
        case guard::LeRunEnd::Receive::kClosed:
            return; // only a hint: the pidfd tells the guard's death
        case guard::LeRunEnd::Receive::kMessage:
            break;
        }
        if (const auto* pong = std::get_if<guard::Pong>(&message)) {
            watch_.answered(clock_.now(), pong->number, pong->is_killing != 0);
            arm_ping();
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
        if (std::holds_alternative<guard::Gone>(message) && is_current) {
            state_ = State::kIdle;
            watch_.run_is_over();
            queue_.clear();
            terminal_.take_back();
        }
        if (const auto* started = std::get_if<guard::Started>(&message);
            started != nullptr && is_current) {
            child_ = started->pid;
        }
        if (is_current || std::holds_alternative<guard::Late>(message)) {
            callbacks_.message(message);
        }
    }
}

void GuardLink::ping() {
    if (state_ == State::kSweeping || state_ == State::kLost) {
        return;
    }
    const TimePoint now = clock_.now();
    switch (watch_.look(now)) {
    case leader::GuardWatch::Verdict::kFine:
        break;
    case leader::GuardWatch::Verdict::kContinue:
        ::kill(guard_.pid, SIGCONT);
        break;
    case leader::GuardWatch::Verdict::kEnd:
        death_cause_ = "the guard process did not answer and was ended";
        ::kill(guard_.pid, SIGKILL);
        return;
    }
    const guard::RunNumber run = state_ == State::kRunning ? run_ : 0;
    const auto sent = queue_.send_now(guard::Ping{run, watch_.next_number()});
    watch_.asked(now, sent != guard::LeRunEnd::Sent::kRefused);
    arm_ping(); // an answer moves the next ping to a later time
}

void GuardLink::arm_ping() { ping_timer_.arm(left_for_holder(clock_.now(), watch_.due())); }

void GuardLink::children_changed() {
    siginfo_t info{};
    // Continues a stopped guard at once. If that does not help, GuardWatch ends it for its silence.
    if (state_ != State::kLost && state_ != State::kSweeping &&
        ::waitid(P_PID, static_cast<id_t>(guard_.pid), &info, WSTOPPED | WNOHANG) == 0 &&
        info.si_pid == guard_.pid) {
        ::kill(guard_.pid, SIGCONT); // before the log line, so that nobody reads it before SIGCONT
        callbacks_.warning("a signal stopped the guard process; le-run continued it");
    }
    if (state_ == State::kSweeping) {
        return; // sweep() reaps and counts
    }
    for (;;) {
        info = {};
        if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 ||
            info.si_pid == 0 || info.si_pid == guard_.pid) {
            return; // the pidfd tells the guard's end
        }
        int status = 0;
        if (::waitpid(info.si_pid, &status, WNOHANG | __WALL) == info.si_pid) {
            child_ends_.reaped(info.si_pid, status);
        }
    }
}

void GuardLink::look_at_terminal() {
    if (state_ != State::kRunning) {
        return;
    }
    if (child_ != 0 && terminal_.take_from_stopped(child_)) {
        callbacks_.warning("the child, pid " + std::to_string(child_) +
                           ", is stopped (Ctrl-Z), but le-run still renews the lease: Ctrl-C ends "
                           "the child and le-run, kill -CONT " +
                           std::to_string(::getpid()) + " lets the child go on");
    }
    terminal_timer_.arm(kLookAtTerminal);
}

void GuardLink::wait_for_death() {
    death_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                          if (!error) {
                              guard_died();
                          }
                      });
}

void GuardLink::guard_died() {
    const bool was_running = state_ == State::kRunning;
    state_ = was_running ? State::kSweeping : State::kLost;
    queue_.clear();
    callbacks_.lost(death_cause_);
    if (was_running) {
        sweep();
    }
}

// Ends the tree after the guard's death. The child got SIGKILL by PDEATHSIG. The other processes
// are now children of le-run, which is a subreaper. If the guard was PID 1, the kernel has ended
// them all already. ECHILD, after the guard's zombie is reaped too, proves that the tree is gone.
//
// It works in parts of some milliseconds, so that the loop can renew in between.
void GuardLink::sweep() {
    if (!reap_some()) {
        state_ = State::kLost;
        terminal_.take_back();
        callbacks_.swept(killed_);
        return;
    }
    if (!tree_.kill_part().is_round_over) {
        sweep_timer_.arm(Duration::zero());
        return;
    }
    sweep_pause_ = std::clamp(sweep_pause_ * 2, kShortestSweepPause, kLongestSweepPause);
    sweep_timer_.arm(sweep_pause_);
}

// False: no child process is left, dead or alive.
bool GuardLink::reap_some() {
    guard::Reaped reaped;
    for (int count = 0; count < kReapsPerPart; ++count) {
        if (tree_.reap(&reaped) == guard::ProcessTree::State::kEmpty) {
            return false;
        }
        if (reaped.pid == 0) {
            return true;
        }
        child_ends_.reaped(reaped.pid, reaped.wait_status);
        if (reaped.pid != guard_.pid && WIFSIGNALED(reaped.wait_status) &&
            WTERMSIG(reaped.wait_status) == SIGKILL) {
            ++killed_;
        }
    }
    return true;
}

} // namespace le_run::app
