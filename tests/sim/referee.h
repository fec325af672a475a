// Who broke the promise: sits between the parties and the store, sees every write that lands and
// every work that begins or ends, and knows what no party knows: the true time and who wrote what.
//
// What it demands, after every step:
//   - at most one work runs;
//   - a work begins and ends before its lease can run out for the fastest honest clock, measured
//     from the last renewal that landed, whether anybody waits for it or not;
//   - a release comes after the work's end, and over a record of the releasing process's own;
//   - no record that wins the lease looks like the one it replaces;
//   - a standby that saw a record which was then deleted waits it out.
//
// What it excuses is what tests/README.md says: a lease that was deleted, emptied or shortened by hand and
// taken by somebody who could not know better robs its leader; the works of a host that was frozen
// as a whole (le-run, guard and work) run until the guard is awake again.
#pragma once

#include <string>
#include <vector>

#include "sim/register.h"
#include "sim/simulator.h"

namespace le_run::sim {

using Leadership = std::uint64_t; // the revision of the write that won it; 0: none

struct Process {
    std::size_t party = 0;
    std::uint64_t life = 0; // 0: nobody
    friend bool operator==(const Process&, const Process&) = default;
};

// What a read found, as only the referee can tell.
struct Sight {
    Leadership leadership = 0;
    std::uint64_t revision = 0;
    Process owner;
    Duration duration{}; // zero: the record names none
    std::optional<TimePoint> renewed_at{};
    bool is_absent = true;
};

class Referee {
public:
    explicit Referee(Simulator& simulator) : sim_(simulator) {}

    // --- the store ---
    const Register& store() const { return store_; }
    Sight look() const;
    // `sent`: when, by true time, for who counts from the instant in the record. Without it the
    // record says nothing of that.
    election::WriteOutcome write(const Process& by, election::LeaseRecord record,
                                 const std::optional<election::StoredLease>& base,
                                 std::optional<Duration> sent = {});

    // Past every rule, by hand.
    void touch();
    void take_by_hand();
    void empty_by_hand();
    void set_duration_by_hand(std::optional<std::int64_t> seconds);
    void set_renew_time_by_hand(WallTime time);
    void delete_by_hand();

    // --- the parties ---
    void takes_part(const Process& process, bool is_client_go);
    // A standby was told what it read; its wait for that version, of `duration`, begins now.
    void standby_saw(std::size_t party, const Sight& sight, Duration duration);
    // It sends a write that creates the lease. (That an old one lands late is the deleter's risk.)
    void standby_creates(std::size_t party);
    void standby_forgot(std::size_t party);
    void work_begins(std::size_t party, Leadership leadership);
    void work_goes_on(std::size_t party, Leadership leadership) {
        parties_[party].works_for = leadership;
    }
    void work_ends(std::size_t party);
    // le-run, guard and work stand still together until `thaw`, and the guard needs `to_wake`.
    void is_frozen(std::size_t party, Duration thaw, Duration to_wake);

    int running() const { return running_; }
    void violated(const std::string& what);
    const std::vector<std::string>& violations() const { return violations_; }
    // Called when what is stored has changed.
    void on_change(std::function<void()> call) { changed_.push_back(std::move(call)); }
    // Called when a write lands or a work ends while no work runs.
    void on_vacancy(std::function<void()> call) { vacancy_ = std::move(call); }

private:
    struct Term { // one leadership
        Leadership leadership = 0;
        Duration landed{};   // the last write of its holder, or its send if the record tells it
        Duration shown{};    // the first one of the same second of renewTime
        Duration duration{}; // what that write promised
        bool is_robbed = false;
    };
    struct Party {
        std::uint64_t life = 0;
        bool is_client_go = false;
        Leadership works_for = 0; // 0: no work runs
        Duration excused_until{};
        Sight seen;
        Duration seen_at{};
        Duration seen_duration{};
    };

    Term& term(Leadership leadership);
    Duration expiry(const Term& term) const;
    void released(const Process& by);
    void acquired(const Process& by);
    void edit(election::LeaseRecord record);
    void has_changed() const;
    void vacant() const;
    std::string name(std::size_t party) const;

    Simulator& sim_;
    Register store_;
    Leadership leadership_ = 0;     // of the record, also when it was edited or deleted by hand
    election::LeaseRecord written_; // what a party wrote last
    Process writer_;                // who won it
    Process owner_;                 // the same, or nobody when it was edited to another holder
    bool is_damaged_ = false;       // by hand, since then: deleted, emptied or shortened
    std::vector<Term> terms_;
    std::vector<Party> parties_;
    int running_ = 0;
    std::vector<std::string> violations_;
    std::vector<std::function<void()>> changed_;
    std::function<void()> vacancy_;
};

} // namespace le_run::sim
