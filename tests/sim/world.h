// A simulated world around the real election and the real child machine: candidates with clocks of
// their own, a client-go program among them, one store, a network that delays, loses, doubles and
// partitions, processes that pause, stall, freeze and crash, people who edit and delete the lease,
// work that drains slowly.
//
// In a quarter of the schedules the store is a file on one machine: its records say when they were
// sent, and most candidates share their clocks. A client-go program stands for le-run 0.1.0 then.
//
// Everything follows from the seed. Time is virtual; what must hold after every step is said in
// referee.h and candidate.h. A storm of at least ten lease durations is followed by a calm, in
// which somebody must lead in time, and by an end, after which nothing may be left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time_point.h"

namespace le_run::sim {

// What a schedule did, so that a test can tell that the faults it speaks of happened.
struct Outcome {
    std::vector<std::string> violations; // empty: all held
    std::vector<std::string> trace;      // only when asked for
    int leaderships = 0;
    int lost = 0;
    int killed_trees = 0;
    int crashes = 0;
    int released_for_dead = 0; // by a guard's releaser
    int faults_injected = 0;
    int late_commits = 0;
    int duplicates = 0;
    int lawful_pauses = 0; // that come when work must be killed
    int grown_trees = 0;
    int hung_requests = 0; // that are never answered while others are
    int hung_turns = 0;    // requests that met the part of the store that hangs
    int full_answers = 0;  // 429
    int blind_watches = 0; // that were found out
    int waits_checked = 0; // of a standby, against lease duration + 2 retry periods
    Duration simulated{};
    Duration longest_lease{};
};

// mixed: everything, in every measure. bound: what the timing rule assumes is used up: the guard
// wakes and the tree dies as late as they may, clocks differ as much as they may, work ignores
// every signal, answers come at once or late. hands: people edit and delete the lease, wall clocks
// stand still. peer: a client-go program takes part, wall clocks stand still or jump. frozen: whole
// hosts freeze and thaw, guards stall. late: requests are stored long after their sender gave up.
// twins: all have the same identity. habits: hosts, one or all, pause twice in a minute, and a
// third time as long as Margin's law allows, just when work must be killed; trees grow. ill: the
// store takes seconds for each answer, one connection after the other hangs for good, one of its
// parts hangs that take requests in turn, or of ten writes it takes one; watches go blind and say nothing of it. Where nothing else is wrong, a lease
// that the numbers leave room for is kept.
enum class Weather { kMixed, kAtTheBound, kHands, kPeer, kFrozen, kLate, kTwins, kHabits, kIll };
std::optional<Weather> weather_named(const std::string& name);

Outcome simulate(std::uint64_t seed, bool with_trace = false, Weather weather = Weather::kMixed);

} // namespace le_run::sim
