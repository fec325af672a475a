// The effect of measured margins: earlier TERM_AT and KILL_AT, and a standby that does not contend
// for a while.
#include <algorithm>
#include <utility>

#include "base/duration_text.h"
#include "election/election.h"

namespace le_run::election {

void Election::on(const WokeLate& fact) {
    margin_.woke_late(now_, fact.by);
    weigh_margin();
}

// A larger tree counts at once, because it exists already. lambda counts from the next anchor on,
// but when renewals fail, there is no next anchor.
void Election::on(const TreeMeasured& fact) {
    if (state_ != State::kLeading && state_ != State::kStopping) {
        return; // about a tree that is gone
    }
    margin_.tree_needs(fact.kappa, fact.processes);
    if (claim_.is_held() && adopt_margin()) {
        const TimePoint s = claim_.anchor();
        actions_.push_back(ExtendWork{timing_.term_at(s), kill_at(s)});
    }
    weigh_margin();
}

void Election::weigh_margin() {
    const Timing& measured = margin_.measured();
    const Duration longer = lease_duration_for(measured);
    const std::string cure = longer > timing_.lease_duration
                                 ? " (use --lease-duration " + format_duration(longer) + ")"
                                 : "";
    if (!margin_.fits()) {
        limit_drain();
        if (state_ == State::kLeading) {
            enter_stopping(StopCause::kMargin, margin_.cause() + ", too long for a lease of " +
                                                   format_duration(timing_.lease_duration) + cure);
        }
    } else if (margin_.has_grown()) {
        report(told::MarginGrown{margin_.cause() + cure, measured.effective_renew_deadline(),
                                 left_for_holder(now_, measured.kill_at(now_))});
    }
}

// Call it for a new anchor or a new tree. True if TERM_AT or KILL_AT has moved. An anchor keeps its
// lambda of the send: a later measurement must not move the work's deadlines into the past. If
// lambda has shrunk since, a larger tree may use that time.
bool Election::adopt_margin() {
    Timing next = margin_.measured();
    next.lambda = std::min(next.lambda, margin_.lambda_at(claim_.anchor()));
    if (next.tries_fit()) {
        const Timing before = std::exchange(timing_, next);
        return before.lambda != next.lambda || before.kappa != next.kappa;
    }
    const TimePoint before = drain_until_;
    limit_drain();
    return drain_until_ != before;
}

// Margins too large for the lease: a later renewal would give the work less time than the last one,
// or none. So a stop in progress ends with the last renewal's KILL_AT. Renewals go on: the lease is
// held until the tree is gone, however long that takes.
void Election::limit_drain() {
    if (state_ == State::kStopping && claim_.is_held() && !margin_.fits()) {
        const TimePoint s = claim_.anchor();
        const TimePoint limit = earlier(timing_.latest_kill_at(s), margin_.tree_limit(timing_, s));
        drain_until_ = earlier(drain_until_, limit);
    }
}

// On standby, reports why and until when this replica does not contend, and when it does again.
void Election::tell_whether_contending() {
    const auto until = margin_.fits() ? std::nullopt : std::optional(margin_.fits_at());
    if (until == contends_again_at_) {
        return;
    }
    contends_again_at_ = until;
    if (until) {
        report(told::NotContending{margin_.cause() + ", too long for a lease of " +
                                       format_duration(timing_.lease_duration),
                                   left_for_holder(now_, *until)});
    } else if (!has_passed_for_holder(now_, contend_at_)) {
        report(told::HoldingBack{left_for_holder(now_, contend_at_)});
    } else {
        report(told::Contending{});
    }
}

} // namespace le_run::election
