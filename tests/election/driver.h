// Drives an Election by hand and writes down what it wants, as short lines: the language of the
// tables and traces.
#pragma once

#include <string>
#include <vector>

#include "election/election.h"

namespace le_run::test {

// The settings of the tables: lease 15 s, renew deadline 10 s, retry period 2 s, request timeout 2
// s.
election::ElectionConfig usual_config();

class Driver {
public:
    explicit Driver(election::ElectionConfig config = usual_config());
    // In a dead process's place.
    explicit Driver(const election::LeftBehind& left,
                    election::ElectionConfig config = usual_config());

    // Lets `d` pass on both clocks; nothing is stepped.
    void pass(Duration d) { now_ = now_ + d; }
    // Lets time pass differently on the two clocks.
    void pass(Duration boot, Duration raw) {
        now_ = TimePoint(now_.boot() + boot, now_.raw() + raw);
    }

    // Lets `d` pass on standby beside a watch that tells nothing; each look finds `outcome`.
    void pass_in_silence(Duration d, const election::ReadOutcome& outcome);

    // Each steps once and returns what is wanted, one line per action.
    std::vector<std::string> step(const election::Fact& fact);
    std::vector<std::string> tick() { return step(election::Tick{}); }
    std::vector<std::string> read(election::ReadOutcome outcome) {
        return step(election::ReadAnswered{last_attempt_, std::move(outcome)});
    }
    std::vector<std::string> write(election::WriteOutcome outcome) {
        return step(election::WriteAnswered{last_attempt_, std::move(outcome)});
    }
    std::vector<std::string> watched(election::WatchNews news) {
        return step(election::Watched{std::move(news)});
    }
    // The last write happened.
    std::vector<std::string> written();

    // A record that `holder` wrote, as a store would answer it; each call is a new version.
    election::StoredLease lease_of(const std::string& holder, std::int64_t seconds = 15);
    // The record of the last write, as it would be read back; the version of the write if it is
    // known.
    election::StoredLease last_record();

    const election::LeaseRecord& last_written() const { return last_written_; }
    // What StartWork said last.
    WallTime acquire_time() const { return acquire_time_; }

    // Brings it from the start into the named state.
    void become_standby();   // another holds the lease, a read is not under way
    void become_acquiring(); // the creating write is under way
    void become_leading();   // no request is under way
    void become_stopping();  // asked to step down, no request is under way
    void become_releasing(); // the read before the release is under way

    election::Election& election() { return election_; }
    TimePoint now() const { return now_; }
    election::Attempt last_attempt() const { return last_attempt_; }
    Duration wakeup() const { return *election_.next_wakeup(now_); }
    WallTime wall{1'800'000'000'000'000};

private:
    std::string line(const election::Action& action);

    TimePoint now_{std::chrono::hours(5), std::chrono::hours(5)};
    election::Election election_;
    election::Attempt last_attempt_{};
    election::LeaseRecord last_written_;
    WallTime acquire_time_{};
    int versions_ = 100;
};

std::string state_name(election::Election::State state);

} // namespace le_run::test
