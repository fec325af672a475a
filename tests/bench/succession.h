// Handovers and crashes of le-run, brought about on purpose, and what the workers wrote down of
// them.
#pragma once

#include <functional>
#include <vector>

#include "helpers/arena.h"

namespace le_run::test {

// What happens to the leader.
enum class Incident {
    kStop,  // SIGTERM to le-run
    kCrash, // SIGKILL to le-run
    kGone   // SIGKILL to le-run, its guard and its worker, all frozen first, as one
};

// One leader's end and the next one's beginning. Times in ns of CLOCK_REALTIME, except gaps.
struct Succession {
    double gap = 0;            // from the old worker's end to the new one's first instruction, s
    double since_incident = 0; // from the incident to the new worker's first instruction, s
    double tree = 0;           // from the incident to the old worker's end, s
    std::int64_t incident = 0, old_ended = 0, new_began = 0;
    // As the API server saw them; 0 on the file store, and for what there was not.
    LeaseWrite last_renewal{}, release{}, acquisition{};
};

// The moment of an incident, and whom it hit.
struct Blow {
    Incident incident;
    std::string leader;
    std::int64_t boot_ns, real_ns;
};

Blow strike(Replica& leader, Incident incident);
// Once the new leader's worker has begun: what the record says, without the server's part.
Succession succession_after(const Blow& blow, const Arena& arena, const std::string& new_leader);
// The server's part; `history` is the Lease's.
void add_writes(const std::vector<LeaseWrite>& history, const std::string& old_leader,
                const std::string& new_leader, Succession* succession);

std::vector<double> gaps(const std::vector<Succession>& all);
std::vector<double> since_incident(const std::vector<Succession>& all);

// The default settings, and a worker that measures.
ReplicaStart bench_start();

// `count` successions one after the other in one arena: each time the standby becomes the leader,
// and a new standby begins. `before` is called before each incident, with its number, and decides
// how long both have run.
std::vector<Succession> take_turns(Arena& arena, int count, Incident incident,
                                   const std::function<void(int)>& before);

struct Pairs {
    int count = 0;
    Incident incident = Incident::kStop;
    std::chrono::milliseconds idle{};    // both have run for so long
    std::chrono::milliseconds between{}; // incidents
    std::function<void(const Arena&)> prepare = [](const Arena&) {};
    std::function<void()> before = [] {}; // each incident
};

// One succession in each of many pairs with leases of their own, so that long waits pass together.
std::vector<Succession> side_by_side(const Pairs& pairs);

// What passes between the old worker's end and the new one's first instruction, as text.
std::string parts_of(const std::vector<Succession>& all);

} // namespace le_run::test
