// A fault between one replica and the API server. a is behind a front that misbehaves, b is not.
#pragma once

#include "faults/dimensions.h"
#include "faults/judge.h"

namespace le_run::test::faults {

// Whether this user can do it: dns needs a mount namespace of its own.
bool is_possible(Outage outage);

// On the shared API server.
void run_network_fault(Outage outage, Length length, Judge& judge);
// The fault lasts as long as said, at any moment; whatever it costs, the promise holds.
void run_network_fault_for(Outage outage, std::chrono::milliseconds time, Judge& judge);

} // namespace le_run::test::faults
