#include "leader/leader.h"

#include <csignal>
#include <utility>

#include <sys/wait.h>

#include "base/check.h"
#include "leader/signal_rules.h"
#include "process/signal_names.h"

namespace le_run::leader {
namespace {

// The usual time between a stop signal and SIGKILL in pods (terminationGracePeriodSeconds).
constexpr Duration kUsualDrain = std::chrono::seconds(30);

} // namespace

Leader::Leader(LeaderConfig config, TimePoint now)
    : config_(std::move(config)), election_(config_.election, now), now_(now) {}

Leader::Leader(LeaderConfig config, const election::LeftBehind& left, TimePoint now)
    : config_(std::move(config)), election_(config_.election, left, now), now_(now),
      has_guard_(false) {}

void Leader::step(TimePoint now, WallTime wall, const Event& event) {
    now_ = now;
    wall_ = wall;
    has_told_ = false;
    std::visit([this](const auto& e) { on(e); }, event);
    if (!has_told_) { // the election checks its deadlines in every step
        tell(election::Tick{});
    }
}

std::vector<Effect> Leader::take_effects() { return std::exchange(effects_, {}); }

void Leader::tell(const election::Fact& fact) {
    has_told_ = true;
    election_.step(now_, wall_, fact);
    for (const election::Action& action : election_.take_actions()) {
        std::visit([this](const auto& a) { act(a); }, action);
    }
    if (election_.state() == election::Election::State::kStandby) {
        settle();
    }
}

// Tells the guard that the lease of the last run is released, lost, or will run out. If le-run dies
// after that, the guard has nothing to release in its place.
void Leader::settle() {
    if (has_guard_ && run_state_ == Run::kNone && settled_run_ != run_) {
        settled_run_ = run_;
        effects_.emplace_back(SettleRun{run_});
    }
}

// --- the store ---

void Leader::on(const election::ReadAnswered& event) {
    tell(event);
    watch();
}

void Leader::on(const election::WriteAnswered& event) {
    tell(event);
    watch();
}

void Leader::on(const election::Watched& event) {
    if (std::holds_alternative<election::WatchWorks>(event.news)) {
        effects_.emplace_back(LeaseWatched{});
    }
    tell(event);
}

// Begins the watch after the first answer of the store. Taking a free lease goes before the watch.
void Leader::watch() {
    const auto state = election_.state();
    if (!has_guard_ || is_watching_ || state == election::Election::State::kAcquiring ||
        state == election::Election::State::kDone) {
        return;
    }
    is_watching_ = true;
    effects_.emplace_back(WatchLease{});
}

// --- what the election wants ---

void Leader::act(const election::StartWork& action) {
    LE_CHECK(has_guard_ && run_state_ == Run::kNone);
    child_.reset();
    failed_.reset();
    told_.reset();
    run_state_ = Run::kUnderWay;
    effects_.emplace_back(
        StartRun{++run_, action.term_at, action.kill_at, action.acquire_time, action.token});
}

void Leader::act(const election::ExtendWork& action) {
    if (run_state_ == Run::kUnderWay) { // otherwise the tree is gone, or le-run is ending it
        effects_.emplace_back(ExtendRun{run_, action.term_at, action.kill_at});
    }
}

void Leader::act(const election::StopWork& action) {
    if (run_state_ != Run::kUnderWay) {
        return;
    }
    StopRun stop{run_, action.cause, 0, action.kill_at};
    switch (action.cause) {
    case election::StopCause::kStepDown:
        stop.signal = requested_signal_;
        break;
    case election::StopCause::kMargin:
        stop.signal = config_.stop_signal;
        break;
    case election::StopCause::kRenewDeadline:
        break; // the guard has the same deadline, and sends the signal itself, once
    case election::StopCause::kOtherHolder:
    case election::StopCause::kVanished:
        break; // another replica may lead already: no time for a stop signal
    }
    effects_.emplace_back(stop);
}

void Leader::act(const election::Report& action) {
    if (std::holds_alternative<election::told::Contending>(action) ||
        std::holds_alternative<election::told::NotContending>(action) ||
        std::holds_alternative<election::told::HoldingBack>(action)) {
        child_.reset(); // from here on nothing is about the last child
    }
    effects_.emplace_back(Observed(action));
}

void Leader::act(const election::Finish& action) {
    settle();
    effects_.emplace_back(Ends{action.ending, action.text, child_, requested_signal_});
}

// --- the guard and the child ---

void Leader::on(const guard::FromGuard& event) {
    std::visit([this](const auto& message) { said(message); }, event);
}

void Leader::said(const guard::Started& message) {
    if (is_current(message.run)) {
        effects_.emplace_back(ChildStarted{message.pid});
    }
}

void Leader::said(const guard::Failed& message) {
    if (is_current(message.run)) {
        failed_ = message;
    }
}

void Leader::said(const guard::Ended& message) {
    if (!is_current(message.run)) {
        return;
    }
    const int status = message.wait_status;
    const bool has_succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    effects_.emplace_back(OthersLeft{status, has_succeeded && requested_signal_ == 0 && !told_});
}

void Leader::said(const guard::Gone& message) {
    if (!is_current(message.run)) {
        return;
    }
    run_state_ = Run::kNone;
    child_ = ChildEnd{message, failed_};
    effects_.emplace_back(TreeGone{*child_});
    tell(election::WorkGone{work_end(message)});
}

void Leader::said(const guard::Late& message) {
    tell(election::WokeLate{Duration(message.nanoseconds)});
}

// A CPU limit slows killing as much as everything else.
void Leader::said(const guard::TreeSize& message) {
    if (!is_current(message.run)) {
        return;
    }
    const double slowness = std::chrono::duration<double>(config_.election.timing.kappa) /
                            std::chrono::duration<double>(election::Timing::kLeastMargin);
    const Duration kappa(
        static_cast<std::int64_t>(slowness * static_cast<double>(message.kill_nanoseconds)));
    const election::TreeMeasured measured{kappa, message.processes};
    effects_.emplace_back(measured);
    tell(measured);
}

election::WorkEnd Leader::work_end(const guard::Gone& gone) const {
    switch (gone.cause) {
    case guard::EndCause::kByItself:
        return was_told_to_end(gone) ? election::WorkEnd::kToldToEnd : election::WorkEnd::kByItself;
    case guard::EndCause::kStopAsked:
        return election::WorkEnd::kStopped;
    case guard::EndCause::kDeadline:
    case guard::EndCause::kLeRunLost:
        return election::WorkEnd::kDeadline;
    case guard::EndCause::kNotStarted:
        return failed_ ? election::WorkEnd::kByItself : election::WorkEnd::kStopped;
    }
    return election::WorkEnd::kStopped;
}

// Whether a signal that le-run passed on ended the child. A child that ends soon after the signal
// counts as ended by it, even if it handled the signal.
bool Leader::was_told_to_end(const guard::Gone& gone) const {
    if (!told_ || failed_) {
        return false;
    }
    const bool by_it = WIFSIGNALED(gone.wait_status) && WTERMSIG(gone.wait_status) == told_->signal;
    const Duration drain = config_.election.stop_grace.value_or(kUsualDrain);
    return by_it || !has_passed_for_holder(now_, told_->at + drain);
}

void Leader::on(const GuardLost& event) {
    has_guard_ = false;
    if (run_state_ == Run::kUnderWay) {
        run_state_ = Run::kWithoutGuard;
    }
    effects_.emplace_back(event);
    tell(election::StepDownAsked{election::StepDownReason::kGuardLost});
}

void Leader::on(const TreeSwept& event) {
    LE_CHECK(run_state_ == Run::kWithoutGuard);
    run_state_ = Run::kNone;
    effects_.emplace_back(event);
    tell(election::WorkGone{election::WorkEnd::kGuardLost});
}

// --- signals ---

void Leader::on(const SignalCame& event) {
    const bool runs = run_state_ == Run::kUnderWay;
    switch (meaning_of(event.number, {.stop_signal = config_.stop_signal,
                                      .child_runs = runs,
                                      .is_stop_asked = requested_signal_ != 0,
                                      .is_hup_ignored = event.was_ignored,
                                      .is_from_kernel = event.is_from_kernel})) {
    case SignalMeaning::kStop:
        stop_asked(event);
        break;
    case SignalMeaning::kPassOn:
        if (process::ends_by_default(event.number)) {
            told_ = Told{event.number, now_};
        }
        effects_.emplace_back(PassOn{run_, event.number});
        break;
    case SignalMeaning::kNothing:
        // An image's STOPSIGNAL would have no effect here. Then this standby, which should stop,
        // would take the lease that the stopping leader releases.
        if (!runs && process::ends_by_default(event.number) && !event.was_ignored &&
            unused_signals_.insert(event.number).second) {
            effects_.emplace_back(SignalUnused{event});
        }
        break;
    }
}

void Leader::stop_asked(const SignalCame& signal) {
    effects_.emplace_back(StopAsked{signal});
    requested_signal_ = signal.number == SIGINT ? SIGINT : config_.stop_signal;
    const bool was_stopping = election_.state() == election::Election::State::kStopping;
    tell(election::StepDownAsked{election::StepDownReason::kAsked});
    if (was_stopping && run_state_ == Run::kUnderWay) {
        // The work was stopping for another cause, so no StopWork has just sent this signal.
        effects_.emplace_back(PassOn{run_, requested_signal_});
    }
}

} // namespace le_run::leader
