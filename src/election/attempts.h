// The requests of an election, in the order of their sending: which answer the election waits for,
// and which answers still count.
//
// If an answer does not come in time, another request is sent beside the first, because only one of
// several ways to the store may hang. A late answer still counts, unless another answer has counted
// since its request was sent. So a slow store still works, and an old answer never replaces a newer
// one, even if the store takes requests in any order.
//
// Beside a write, a holder sends a second write over the same version, and only then a read. The
// server may use the parts of a store in turn (an API server its etcd members), and a write may
// take more turns than a read. If a read followed each write, every write could meet the part that
// hangs. So the order is write, write, read, write, read. With three, four or five parts in turn,
// not every write meets the same part.
#pragma once

#include <optional>

#include "base/time_point.h"
#include "election/facts.h"

namespace le_run::election {

class Attempts {
public:
    enum class Kind { kRead, kWrite };
    struct Sent {
        Attempt number;
        Kind kind;
        TimePoint at;
    };

    // Gives a number to a request that is sent at `now`, and waits for its answer from now on.
    Attempt send(Kind kind, TimePoint now);
    // The request whose answer the election waits for. No other request is sent meanwhile.
    const std::optional<Sent>& awaited() const { return awaited_; }
    // The answer took too long: other requests may be sent beside this one.
    Sent stop_waiting();

    // What a holder sends next beside its requests without an answer.
    Kind beside() const;

    // Whether `fact` is an answer that counts, or not an answer. A late failure does not count, and
    // neither does a late answer that nothing was written. A late read counts only if it was sent
    // after the first write without an answer.
    bool counts(const Fact& fact) const;
    // Whether `fact` is the awaited answer.
    bool is_awaited(const Fact& fact) const;
    // Whether a write was sent after this request.
    bool is_before_a_write(Attempt number) const {
        return static_cast<std::uint64_t>(number) < last_write_;
    }
    // Whether `fact` is a failure that came after the wait for it.
    bool is_late_failure(const Fact& fact) const;
    // An answer came without news: the next request may be sent, and the others still count.
    void answered();
    // The pending requests do not count any more, because something newer is known. Call it with
    // each answer that counts.
    void forget();

    std::uint64_t last() const { return last_; }

private:
    std::uint64_t last_ = 0;        // the last request sent
    std::uint64_t last_write_ = 0;  // the last write sent
    std::uint64_t first_write_ = 0; // the first write sent after forgotten_
    std::uint64_t forgotten_ = 0;   // this request and all before do not count
    int unanswered_ = 0;            // requests in a row without an answer
    std::optional<Sent> awaited_;
};

} // namespace le_run::election
