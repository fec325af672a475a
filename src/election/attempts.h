// The requests of an election, in the order of their sending: which answer is waited for, and which
// answers still count.
//
// A request without an answer gets another one beside it, because only one of several ways to the
// store may hang. Its answer counts all the same when it comes late, if nothing newer is known:
// nothing that counts was answered since it was sent. So a slow store is a store, and an old answer
// never replaces a newer one: the store may take requests in any order.
//
// Beside a write goes a second one over the same version, and only then a look. The server may take
// the parts of a store in turn (an API server its etcd members), and a write may take more turns
// than a read. Where a look followed each write, every write could meet the one part that hangs. So
// the order is: write, write, look, write, look; it falls in step with no three, four or five parts.
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

    // Numbers a request that is sent at `now`; from now on its answer is waited for.
    Attempt send(Kind kind, TimePoint now);
    // The request whose answer is waited for: until then no other is sent.
    const std::optional<Sent>& awaited() const { return awaited_; }
    // Its answer took too long: others may be sent beside it.
    Sent stop_waiting();

    // What a holder is to send beside its requests that have no answer.
    Kind beside() const;

    // Whether `fact` is an answer that counts, or none at all. A late failure, and a late answer
    // that says that nothing was written, say nothing new. A read counts only if it was sent after
    // the first write without an answer.
    bool counts(const Fact& fact) const;
    // Whether it is the answer that is waited for.
    bool is_awaited(const Fact& fact) const;
    // Whether a write was sent after this request.
    bool is_before_a_write(Attempt number) const {
        return static_cast<std::uint64_t>(number) < last_write_;
    }
    // A failure that is told only after the wait for it was over.
    bool is_late_failure(const Fact& fact) const;
    // An answer came that is no news: the next request may go out, the others still count.
    void answered();
    // Something newer is known than what the requests under way may say: none of them counts any
    // more. To be called with each answer that counts.
    void forget();

    std::uint64_t last() const { return last_; }

private:
    std::uint64_t last_ = 0;        // sent
    std::uint64_t last_write_ = 0;  // sent
    std::uint64_t first_write_ = 0; // sent after forgotten_
    std::uint64_t forgotten_ = 0;   // up to this one, included
    int unanswered_ = 0;            // sent in a row
    std::optional<Sent> awaited_;
};

} // namespace le_run::election
