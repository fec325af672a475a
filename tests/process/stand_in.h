// A process that stands in for le-run: it forks the guard and is its parent, and the test speaks
// for it over the channel.
//
// The test holds le-run's end of the channel, so a dead stand-in does not close it: what the guard
// learns of its death, it learns from the kernel. The test process is a subreaper; the destructor
// ends all that is left below it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "guard/channel.h"
#include "guard/guard.h"
#include "helpers/scratch_folder.h"
#include "helpers/wait_until.h"

namespace le_run::test {

struct StandInOptions {
    std::vector<std::string> environment{}; // added to the test's own
    int stop_signal = SIGTERM;
    bool allow_new_privileges = false;
    bool own_pid_namespace = false;    // the stand-in is PID 1; /proc stays that of the test
    bool guards_pid_namespace = false; // as --pid-namespace
    // What GuardSetup calls release; runs below the guard.
    std::function<void(WallTime, TimePoint)> release = [](WallTime, TimePoint) {};
    Duration held_after_kill_at{};
    std::function<void()> prepare = [] {
    }; // runs in the stand-in before all else, as if le-run had been started so
};

class StandIn {
public:
    explicit StandIn(const std::vector<std::string>& argv, const StandInOptions& options = {});
    ~StandIn();
    StandIn(const StandIn&) = delete;
    StandIn& operator=(const StandIn&) = delete;

    pid_t pid() const { return pid_; }
    pid_t guard() const { return guard_; } // in the stand-in's PID namespace
    guard::LeRunEnd& channel() { return *channel_; }
    TimePoint now() { return clock_.now(); }

    // Starts the next run; its number stands for the acquireTime as well.
    void start(TimePoint term_at = TimePoint::far_future(),
               TimePoint kill_at = TimePoint::far_future(), const std::string& environment = {});
    void until(TimePoint term_at, TimePoint kill_at) { send(guard::Until{run_, term_at, kill_at}); }
    void stop(int signal, TimePoint kill_at = TimePoint::far_future()) {
        send(guard::Stop{run_, signal, kill_at});
    }
    void pass(int signal) { send(guard::Signal{run_, signal}); }
    void settled() { send(guard::Settled{run_}); }
    void send(const guard::ToGuard& message);
    guard::RunNumber run() const { return run_; }

    // The next message of the guard, Late, Pong and TreeSize left out; throws when none comes, or
    // none of this kind.
    template <class Message>
    Message expect();
    // The next Late, whatever else comes meanwhile is kept.
    guard::Late expect_late();
    // The next TreeSize of which `is_wanted` says so; empty when none comes.
    std::optional<guard::TreeSize>
    wait_for_size(const std::function<bool(const guard::TreeSize&)>& is_wanted);
    // Whether the guard says nothing for so long.
    bool is_silent_for(std::chrono::milliseconds time);
    // Sends a Ping and waits for its Pong; what else comes meanwhile is kept.
    bool answers_ping();

    // The stand-in, as le-run does when its guard has died, ends all below it. False: it did not
    // get there.
    bool sweep();
    // How the stand-in ended, as waitpid says it; empty while it lives.
    std::optional<int> wait_for_end(std::chrono::milliseconds patience = kPatience);
    // SIGKILL to the stand-in, reaped.
    void kill();
    // Closes the channel, whose only end on this side is the test's.
    void hang_up() { channel_.reset(); }

private:
    std::optional<guard::FromGuard> next(std::chrono::milliseconds patience);
    // The next message of which `is_wanted` says so; Late, Pong and TreeSize besides are dropped,
    // others kept.
    std::optional<guard::FromGuard>
    wait_for_message(const std::function<bool(const guard::FromGuard&)>& is_wanted);

    Clock clock_;
    pid_t pid_ = -1;
    pid_t guard_ = -1;
    int control_ = -1;
    std::optional<int> end_;
    std::unique_ptr<guard::LeRunEnd> channel_;
    std::vector<guard::FromGuard> kept_;
    guard::RunNumber run_ = 0;
};

template <class Message>
Message StandIn::expect() {
    const std::optional<guard::FromGuard> message = next(kPatience);
    if (!message) {
        throw std::runtime_error("the guard says nothing");
    }
    if (!std::holds_alternative<Message>(*message)) {
        throw std::runtime_error("another kind of message: " + std::to_string(message->index()));
    }
    return std::get<Message>(*message);
}

// For `prepare`: from here on the stand-in has no rights, as uid 65534.
void become_nobody();

// An orphan became a child of the test, which waits for its end and reaps it.
bool is_gone(pid_t orphan);

// The test runs twice: plain, and with the guard as PID 1 of a namespace.
StandInOptions with_and_without_pid_namespace();

// A FIFO that every process of the tree holds open for writing: its end of file is the exact proof
// that none is left.
class TreeWatch {
public:
    TreeWatch();
    ~TreeWatch();
    TreeWatch(const TreeWatch&) = delete;
    TreeWatch& operator=(const TreeWatch&) = delete;

    const std::string& path() const { return path_; }
    std::string variable() const { return "TEST_AWKWARD_FIFO=" + path_; }
    // Waits until a line that begins with `word` was written; throws when none comes.
    void wait_for_line(const std::string& word);
    // What was written so far, since forget() if that was called.
    const std::string& text();
    void forget();
    // Nobody has it open for writing. To be asked after a first line.
    bool is_at_end();

private:
    ScratchFolder folder_;
    std::string path_;
    std::string text_;
    int fd_ = -1;
};

// `options` for a tree that `watch` is to see the end of.
StandInOptions watched_by(const TreeWatch& watch, StandInOptions options = {});

} // namespace le_run::test
