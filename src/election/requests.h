// Which requests to the store are under way, and which one comes next.
//
// A request that is not answered in time is overdue: the next one is sent beside it, and its
// answer still counts, with its own send time. Whoever gets an answer says what it proves about
// the other requests under way: forget() and forget_reads().
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "election/facts.h"
#include "election/lease.h"
#include "time_point.h"

namespace le_run {

class Requests {
public:
    enum class Kind { kRead, kWrite }; // as the next one, kRead: the lease must be looked at first
    struct Request {
        Attempt attempt;
        Kind kind;
        TimePoint sent;                     // the clock was read before
        std::optional<WallTime> renew_time; // of a write
    };

    explicit Requests(TimePoint now) : next_at_(now) {}

    // A request is about to be sent at `now`. Until it is answered or overdue, no other is sent.
    Attempt send(Kind kind, TimePoint now, std::optional<WallTime> renew_time = std::nullopt);
    // Whether an answer to `attempt` counts.
    bool awaits(Attempt attempt) const;
    // Takes the request out: an answer counts once. Only while awaits(attempt).
    Request answered(Attempt attempt);

    // The last one sent, unless it is answered or overdue.
    const std::optional<Request>& current() const { return current_; }
    bool is_current(Attempt attempt) const { return current_ && current_->attempt == attempt; }
    // The current one has waited long enough: another may be sent beside it.
    Request overdue();

    // The answers to all requests, or to all reads, count no more.
    void forget();
    void forget_reads();
    bool is_empty() const { return !current_ && overdue_.empty(); }
    // The number of the last request; 0 before the first.
    std::uint64_t last() const { return last_; }

    // What is sent next, and not before when.
    void next(Kind kind, TimePoint at);
    void next(Kind kind) { next_ = kind; }
    void next(TimePoint at) { next_at_ = at; }
    Kind next_kind() const { return next_; }
    TimePoint next_at() const { return next_at_; }

private:
    std::optional<Request> current_;
    std::vector<Request> overdue_; // oldest first
    std::uint64_t last_ = 0;
    Kind next_ = Kind::kRead;
    TimePoint next_at_;
};

} // namespace le_run
