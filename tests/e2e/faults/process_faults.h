// A fault of processes: one replica leads on the file store with an awkward tree, another stands
// by; the fault strikes; then everything is compared with what was promised.
#pragma once

#include "faults/dimensions.h"
#include "faults/judge.h"

namespace le_run::test::faults {

// Whether this user and machine can do it: some need root.
bool is_possible(const ProcessFault& fault);

// Strikes while the replica leads; judged by the table of expectations.
void run_process_fault(const ProcessFault& fault, Judge& judge);
// Strikes at any moment; judged by what holds whenever it strikes.
void run_process_fault_at(const ProcessFault& fault, const Moment& moment, Judge& judge);

} // namespace le_run::test::faults
