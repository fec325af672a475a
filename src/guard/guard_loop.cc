#include "guard/guard_loop.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/process_table.h"
#include "guard/run_below.h"

namespace le_run::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How often the guard looks at the clock during a run. This is most of the guard's CPU cost. A
// deadline does not wait for it: the timer rings at the earlier of both, and counts suspend.
constexpr Duration kLookDuringRun = milliseconds(250);
constexpr Duration kLookWithoutRun = seconds(5); // for the hang watch
constexpr Duration kLookAtAll = seconds(1);      // a full look, even without news
constexpr Duration kShortestKillPause = milliseconds(1);
constexpr Duration kLongestKillPause = milliseconds(10);
constexpr Duration kNoCountBefore = seconds(1); // no count so shortly before a deadline
// The pause after the kernel refused a message.
constexpr Duration kRetryPause = milliseconds(20);
constexpr int kReapsPerLook = 256; // limited, so that a fork storm does not delay the deadlines
constexpr int kMessagesPerLook = 64;
constexpr int kMessagesOfTheDead = 1024; // more than a socket's buffer holds
// A release in le-run's place ends by itself. If it hangs, it gets this much longer.
constexpr Duration kToEnd = seconds(1);

int open_sigchld_fd() {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGCHLD);
    const int fd = ::signalfd(-1, &only, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        throw std::system_error(errno, std::system_category(), "signalfd");
    }
    return fd;
}

int open_timer() {
    const int fd = ::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0) {
        throw std::system_error(errno, std::system_category(), "timerfd_create");
    }
    return fd;
}

// Whether the child has ended. Does not reap it.
bool has_ended(pid_t child) {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child;
}

Duration cpu_time() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return seconds(used.tv_sec) + Duration(used.tv_nsec);
}

timespec to_timespec(Duration d) {
    return {static_cast<time_t>(d / seconds(1)), static_cast<long>((d % seconds(1)).count())};
}

} // namespace

GuardLoop::GuardLoop(const GuardSetup& setup, const SpawnSurroundings& surroundings,
                     const LeRun& le_run, int channel)
    : setup_(setup), le_run_(le_run), channel_(channel), sigchld_fd_(open_sigchld_fd()),
      timer_fd_(open_timer()),
      tree_(le_run.is_pid_1 || surroundings.guard == 1 ? ProcessTree::PidNamespace::kOurs
                                                       : ProcessTree::PidNamespace::kShared,
            surroundings.cgroup_kill_fd),
      spawner_(setup, surroundings), machine_(setup.stop_signal), hang_watch_(clock_.now()),
      log_(setup.log, surroundings.le_run) {}

GuardLoop::~GuardLoop() {
    ::close(sigchld_fd_);
    ::close(timer_fd_);
}

void GuardLoop::run() {
    for (;;) {
        look();
        if (life_ == Life::kOver) {
            return;
        }
        wait();
    }
}

void GuardLoop::look() {
    step(child_fact::Tick{});
    note_exec_report();
    reap();
    notice_le_runs_death();
    read_messages(kMessagesPerLook);
    kill_tree();
    measure_tree();
    tell_of_silence();
    end_hung_le_run();
    outbox_.flush();
}

// Waits until there is something to do. Meanwhile it wakes up only to read the clock: a full look
// each time would be most of the guard's CPU cost.
void GuardLoop::wait() {
    TimePoint now = clock_.now();
    const TimePoint look_at_all = now + kLookAtAll;
    bool is_quiet = true;
    while (is_quiet) {
        const TimePoint before = now;
        const Duration timeout = until_next_look(before);
        is_quiet = !is_news_within(timeout);
        now = clock_.now();
        note_lateness(now, timeout, now.boot() - before.boot() - timeout);
        is_quiet = is_quiet && !is_killing() && !outbox_.has_unsent() &&
                   !has_passed_for_holder(now, machine_.next_deadline()) &&
                   !has_passed_for_holder(now, look_at_all);
    }
}

Duration GuardLoop::until_next_look(TimePoint now) const {
    Duration timeout = kLookWithoutRun;
    if (is_killing()) {
        timeout = is_round_over_ ? kill_pause_ : Duration::zero();
    } else if (!is_idle()) {
        timeout = std::clamp(left_for_holder(now, machine_.next_deadline()), Duration::zero(),
                             kLookDuringRun);
    }
    if (!outbox_.has_unsent()) {
        return timeout;
    }
    return std::min(timeout, outbox_.was_refused() ? kRetryPause : kLookDuringRun);
}

// Sleeps until there is news, or `timeout` is over. Time in suspend counts.
bool GuardLoop::is_news_within(Duration timeout) {
    // After a send failed for lack of memory, poll still says writable. So POLLOUT only when full.
    const short channel_events = outbox_.waits_for_room() ? POLLIN | POLLOUT : POLLIN;
    pollfd fds[] = {
        {timer_fd_, POLLIN, 0},
        {sigchld_fd_, POLLIN, 0},
        {channel_state_ == ChannelState::kOpen ? channel_.fd() : -1, channel_events, 0},
        {le_run_.pidfd, POLLIN, 0},
        {spawner_.report_fd(), POLLIN, 0},
    };
    // Zero would disarm it.
    const itimerspec end{{}, to_timespec(std::max<Duration>(timeout, Duration(1)))};
    ::timerfd_settime(timer_fd_, 0, &end, nullptr);
    const int ready = ::ppoll(fds, std::size(fds), nullptr, nullptr);
    signalfd_siginfo ignored;
    while (fds[1].revents != 0 && ::read(sigchld_fd_, &ignored, sizeof ignored) > 0) {
    }
    return ready != 1 || fds[0].revents == 0;
}

void GuardLoop::note_lateness(TimePoint now, Duration slept, Duration late) {
    hang_watch_.woke(now, late);
    if (is_idle()) {
        lateness_.forget();
    } else {
        lateness_.woke(slept, late);
    }
    if (const auto worst = lateness_.due(now); worst && outbox_.tell_now(Late{worst->count()})) {
        lateness_.was_told(now);
    }
}

void GuardLoop::step(const ChildFact& fact) {
    machine_.step(clock_.now(), fact);
    while (const std::optional<ChildAction> action = machine_.take_action()) {
        std::visit([this](const auto& a) { act(a); }, *action);
    }
    if (machine_.has_deadline_passed()) {
        hang_watch_.deadline_passed(clock_.now());
    }
}

void GuardLoop::act(const child_action::Spawn&) {
    hang_watch_.run_begins();
    kill_pause_ = kShortestKillPause;
    gauge_.begin(clock_.now(), asked_->run, newest_process_.read());
    Spawner::Report report;
    const pid_t pid = spawner_.start(*asked_, &report);
    if (pid > 0) {
        child_ = pid;
    } else {
        step(child_fact::ExecFailed{static_cast<std::int32_t>(report.stage), report.error});
    }
}

// No other process can have the child's number until the child is reaped here.
void GuardLoop::act(const child_action::SignalChild& action) {
    if (child_ > 0) {
        ::kill(child_, action.number);
    }
}

void GuardLoop::act(const child_action::SignalOthers& action) { tree_.signal_all(action.number); }

void GuardLoop::act(const child_action::Tell& action) {
    if (const Gone* gone = std::get_if<Gone>(&action.message);
        gone != nullptr && gone->cause == EndCause::kDeadline) {
        hang_watch_.run_ended_by_deadline();
    }
    outbox_.tell(action.message);
    if (std::holds_alternative<Gone>(action.message)) {
        log_.tree_is_gone();
    }
}

void GuardLoop::act(const child_action::Release& action) {
    const TimePoint now = clock_.now();
    const TimePoint until = action.kill_at + setup_.held_after_kill_at - kToEnd;
    // Even too late, the release runs: it logs that the lease was not released.
    const TimePoint last = has_passed_for_holder(now, until) ? now : until;
    run_below(
        [&] {
            spawner_.folder().enter(); // relative paths in the settings begin there
            setup_.release(action.acquire_time, until);
        },
        last + kToEnd, tree_, clock_);
}

void GuardLoop::act(const child_action::Leave&) { life_ = Life::kOver; }

void GuardLoop::note_exec_report() {
    const Spawner::Report report = spawner_.read_report(child_);
    switch (report.outcome) {
    case Spawner::Outcome::kPending:
    case Spawner::Outcome::kDied: // reap() reports the child's end
        return;
    case Spawner::Outcome::kExecuted:
        step(child_fact::Executed{child_});
        return;
    case Spawner::Outcome::kTooLate:
        step(child_fact::TooLate{});
        return;
    case Spawner::Outcome::kFailed:
        step(child_fact::ExecFailed{static_cast<std::int32_t>(report.stage), report.error});
        return;
    }
}

void GuardLoop::reap() {
    if (is_idle()) {
        return;
    }
    if (spawner_.report_fd() >= 0) {
        // The result of the exec can be read while the child is dead but not yet reaped.
        if (!has_ended(child_)) {
            return;
        }
        note_exec_report();
    }
    std::optional<int> child_status;
    auto others = child_fact::ChildEnded::Others::kLeft;
    Reaped reaped;
    for (int count = 0; count < kReapsPerLook; ++count) {
        if (tree_.reap(&reaped) == ProcessTree::State::kEmpty) {
            others = child_fact::ChildEnded::Others::kNone;
            break;
        }
        if (reaped.pid == 0) {
            break;
        }
        if (reaped.pid != child_) {
            step(child_fact::OtherEnded{reaped.wait_status});
            continue;
        }
        child_ = 0;
        child_status = reaped.wait_status;
    }
    if (child_status) {
        step(child_fact::ChildEnded{*child_status, others});
    }
    if (others == child_fact::ChildEnded::Others::kNone) {
        step(child_fact::TreeGone{});
    }
}

void GuardLoop::kill_tree() {
    if (!is_killing()) {
        return;
    }
    // First the child's process group, in one call, so that no fork escapes.
    if (child_ > 0) {
        ::kill(-child_, SIGKILL);
    }
    // In parts, so that the guard can read le-run's messages and answer pings in between.
    is_round_over_ = tree_.kill_part().is_round_over;
    reap();
    if (is_round_over_) {
        kill_pause_ = std::min(kill_pause_ * 2, kLongestKillPause);
    }
}

// Not near a deadline, because counting a large tree takes a while.
void GuardLoop::measure_tree() {
    if (is_idle() || is_killing()) {
        return;
    }
    const TimePoint now = clock_.now();
    const pid_t newest = newest_process_.read();
    if (left_for_holder(now, machine_.next_deadline()) < kNoCountBefore ||
        !gauge_.is_due(now, newest)) {
        return;
    }
    const Duration before = cpu_time();
    TreeGauge::Count count;
    count.processes = tree_.count();
    count.read = static_cast<std::uint32_t>(ProcessTable::read());
    count.cost = cpu_time() - before;
    gauge_.counted(clock_.now(), newest, count);
    if (const auto news = gauge_.news(); news && outbox_.tell_now(*news)) {
        gauge_.told(*news);
    }
}

void GuardLoop::notice_le_runs_death() {
    pollfd dead{le_run_.pidfd, POLLIN, 0};
    if (le_run_.pidfd < 0 || ::poll(&dead, 1, 0) != 1) {
        return;
    }
    ::close(le_run_.pidfd); // otherwise poll() would return at once from now on
    le_run_.pidfd = -1;
    // All messages that le-run sent before its end are there now. Settled is the important one.
    read_messages(kMessagesOfTheDead);
    const auto state = machine_.state();
    step(child_fact::LeRunDied{});
    if (state == ChildMachine::State::kSpawning || state == ChildMachine::State::kRunning) {
        log_.le_run_has_died(left_for_holder(clock_.now(), machine_.kill_deadline()));
    }
}

void GuardLoop::read_messages(int most) {
    ToGuard message;
    for (int count = 0; count < most && life_ == Life::kOn; ++count) {
        if (channel_state_ == ChannelState::kClosed) {
            return;
        }
        switch (channel_.receive(&message)) {
        case GuardEnd::Receive::kNothing:
            return;
        case GuardEnd::Receive::kClosed:
            channel_state_ = ChannelState::kClosed;
            outbox_.close();
            return;
        case GuardEnd::Receive::kMessage:
            hang_watch_.heard(clock_.now());
            on_message(message);
            break;
        }
    }
}

void GuardLoop::on_message(const ToGuard& message) {
    if (const auto* ping = std::get_if<Ping>(&message)) {
        outbox_.answer(Pong{ping->number, is_killing() ? 1U : 0U});
    } else if (const auto* start = std::get_if<Start>(&message)) {
        // While the last Gone is unsent, le-run cannot know that the run is over, so this Start is
        // a mistake. A Start of a dead le-run is ignored too.
        if (outbox_.has_news_unsent() || le_run_.pidfd < 0) {
            return;
        }
        asked_ = start;
        step(child_fact::StartAsked{start->run, start->term_at, start->kill_at,
                                    start->acquire_time});
        asked_ = nullptr;
    } else if (const auto* until = std::get_if<Until>(&message)) {
        step(*until);
    } else if (const auto* stop = std::get_if<Stop>(&message)) {
        step(*stop);
    } else if (const auto* signal = std::get_if<Signal>(&message)) {
        step(*signal);
    } else if (const auto* settled = std::get_if<Settled>(&message)) {
        step(*settled);
    }
}

void GuardLoop::end_hung_le_run() {
    const TimePoint now = clock_.now();
    if (!is_idle() || !hang_watch_.is_hung(now)) {
        return;
    }
    log_.le_run_is_ended(hang_watch_.silence(now));
    log_.tree_is_gone();
    hang_watch_.acted(now);
    [[maybe_unused]] const auto ignored = ::write(le_run_.ending_fd, "", 1);
}

// Logs why the child is stopped, if le-run cannot log it.
void GuardLoop::tell_of_silence() {
    const TimePoint now = clock_.now();
    if (le_run_.pidfd < 0 || !hang_watch_.is_to_be_told(now)) {
        return;
    }
    if (is_idle()) {
        log_.le_run_is_silent(hang_watch_.silence(now), GuardLog::Tree::kGone, {});
        log_.tree_is_gone();
    } else if (is_killing()) {
        log_.le_run_is_silent(hang_watch_.silence(now), GuardLog::Tree::kKilled, {});
    } else {
        log_.le_run_is_silent(hang_watch_.silence(now), GuardLog::Tree::kAsked,
                              left_for_holder(now, machine_.kill_deadline()));
    }
}

} // namespace le_run::guard
