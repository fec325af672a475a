// The election: facts and the time go in, actions come out. It never blocks, throws or calls out.
//
// One thread. Its owner calls step() for each fact and at next_wakeup(), then carries out
// take_actions() in order, before the next step. Only the guard knows that the work is a process.
//
//   kStandby --free, expired--> kAcquiring --written--> kLeading --deadline, loss, step down-->
//   kStopping; kLeading and kStopping --WorkGone--> kReleasing --> kStandby again, or kDone;
//   kAcquiring --conflict--> kStandby; kLeading --WorkGone, to be held--> kHolding --> kReleasing
#pragma once

#include <optional>
#include <vector>

#include "base/time_point.h"
#include "election/actions.h"
#include "election/attempts.h"
#include "election/claim.h"
#include "election/election_config.h"
#include "election/facts.h"
#include "election/margin.h"
#include "election/observation.h"
#include "election/trouble.h"

namespace le_run::election {

class Election {
public:
    enum class State { kStandby, kAcquiring, kLeading, kStopping, kHolding, kReleasing, kDone };

    Election(ElectionConfig config, TimePoint now);
    // Only releases the lease of a dead process, as if this election had led; then it is done.
    Election(ElectionConfig config, const LeftBehind& left, TimePoint now);

    // `wall`: the wall-clock time at `now`. It is written into records and never compared.
    void step(TimePoint now, WallTime wall, const Fact& fact);
    std::vector<Action> take_actions();
    // The time from `now` until the next Tick is due; nothing when done.
    std::optional<Duration> next_wakeup(TimePoint now) const;

    State state() const { return state_; }
    bool has_request_pending() const { return attempts_.awaited().has_value(); }
    bool counts(const Fact& fact) const { return attempts_.counts(fact); }

private:
    using Request = Attempts::Kind;
    // kUnproven: no success yet, so a denial or an unusable answer is a set-up mistake, and fatal.
    enum class Access { kUnproven, kWorking, kFailing };
    enum class Watch { kNone, kWorks, kFails }; // kWorks: the watch tells changes; no polling

    // Every state is entered in exactly one place.
    void enter_standby();
    void enter_acquiring();
    void enter_leading(const FencingToken& token);
    void enter_stopping(StopCause cause, const std::string& why);
    void enter_holding();
    void enter_releasing();
    void enter_done(Ending ending, const std::string& text);
    void check_deadlines(const Fact& fact);
    Duration patience() const;
    void send_due();
    void send_read();
    void send_write(const LeaseRecord& record, const std::optional<StoredLease>& base);
    void send_renewal();
    void send_release();
    void on(const Tick&) {}
    void on(const ReadAnswered& fact);
    void on(const WriteAnswered& fact);
    void on(const StepDownAsked& fact);
    void on(const WorkGone& fact);
    void on(const WokeLate& fact);
    void on(const TreeMeasured& fact);
    void on(const Watched& fact);
    void on(const WatchWorks& news);
    void on(const WatchFails& news);
    void watched(const ReadOutcome& seen);
    void standby_watched(const ReadOutcome& seen);
    void look_now();
    void rest_until_next_look();
    void standby_saw(const ReadOutcome& outcome, Observation::Source source);
    void report_vanished(const std::string& how);
    void report_other_duration(const LeaseRecord& record);
    void holding_read(const ReadOutcome& outcome);
    void releasing_read(const ReadOutcome& outcome);
    void write_landed(const Written& written);
    void write_conflicted();
    void acquisition_conflicted();
    void catch_up_with_watch();
    void look_again_if_watched(Attempt answered);
    void remember_watched();
    void write_found_none();
    void request_overdue(const Attempts::Sent& request);
    void request_failed(const Attempts::Sent& request, const Failure& failure);
    void failed_late(const Failure& failure);
    void report_renewal_failing(const std::string& why);
    bool is_holding() const;
    void standby_failed(const Failure& failure);
    void renewed();
    void lost_at_once(StopCause cause, const std::string& why);
    void leave_standby();
    void conclude();
    bool may_acquire() const;
    bool comes_too_late() const;
    bool may_give_up() const;
    TimePoint release_deadline() const;
    TimePoint hold_until() const;
    Duration pause_after(const Failure& failure) const;
    TimePoint next_try_after(const Attempts::Sent& request, const Failure& failure) const;
    TimePoint last_instant_to_try() const;
    TimePoint kill_at(TimePoint s) const;
    void weigh_margin();
    bool adopt_margin();
    void limit_drain();
    void tell_whether_contending();
    void note_access();
    void report(Report fact) { actions_.emplace_back(std::move(fact)); }
    Duration jittered(Duration period);

    ElectionConfig config_;
    Timing timing_; // config_.timing with the margins that count for the present anchor
    Margin margin_; // as measured
    std::optional<TimePoint> contends_again_at_{}; // as the last NotContending said
    State state_ = State::kStandby;
    TimePoint now_;
    WallTime wall_{};
    Observation observation_;
    Claim claim_;
    Attempts attempts_;
    TimePoint next_try_at_;                 // the earliest time for next_request_
    Request next_request_ = Request::kRead; // kRead: what the store holds is not known
    Access access_ = Access::kUnproven;
    Failure::Kind last_failure_{}; // on standby
    Trouble trouble_{};
    std::optional<TimePoint> denied_until_{}; // kUnproven: le-run ends if denied until then
    std::optional<TimePoint> give_up_at_{};   // --wait; none after leadership was won once
    std::optional<Finish> giving_up_{};       // ends so, as soon as no own write is in doubt
    TimePoint last_conflict_at_{};
    Watch watch_ = Watch::kNone;
    std::uint64_t watched_after_ = 0; // the last request sent before watched_meanwhile_
    std::optional<StoredLease> watched_meanwhile_{};  // the last that could not be used at once
    std::optional<StopCause> stop_cause_{};           // the first cause that ended this leadership
    TimePoint drain_until_ = TimePoint::far_future(); // kStopping: when the grace ends
    std::optional<StepDownReason> step_down_{};       // a stop was asked for, in any state
    std::optional<WorkEnd> work_end_{};               // how the work of this leadership ended
    TimePoint led_since_{}, contend_at_{};            // contend_at_: no acquisition before it
    Duration hold_back_{}, duration_told_{}; // the last pause before contending; OtherDuration's
    std::uint64_t random_;
    std::vector<Action> actions_{};
};

} // namespace le_run::election
