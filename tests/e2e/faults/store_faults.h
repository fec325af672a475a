// A fault of the store itself, or a hand in it: a leads, b stands by.
#pragma once

#include <array>
#include <string_view>

#include "faults/judge.h"

namespace le_run::test::faults {

enum class StoreFault {
    kServerStopped,
    kServerKilled,
    kEtcdStopped,
    kEtcdKilled,
    kDeleted,
    kDeletedForFresh,
    kDeletedForClientGo,
    kOtherHolder,
    kEmptied,
    kEmptiedForClientGo,
    kEmptySpec,
    kNonsenseTimes,
    kNonsenseRenewTime,
    kNonsenseDuration,
    kNonsenseHolder,
    kYear
};
inline constexpr std::array<std::string_view, 16> kStoreFaultNames = {"api-server-stopped",
                                                                      "api-server-killed",
                                                                      "etcd-stopped",
                                                                      "etcd-killed",
                                                                      "lease-deleted",
                                                                      "lease-deleted-fresh-replica",
                                                                      "lease-deleted-client-go",
                                                                      "lease-other-holder",
                                                                      "lease-emptied",
                                                                      "lease-emptied-client-go",
                                                                      "lease-nonsense-empty-spec",
                                                                      "lease-nonsense-acquire-time",
                                                                      "lease-nonsense-renew-time",
                                                                      "lease-nonsense-duration",
                                                                      "lease-nonsense-holder",
                                                                      "lease-of-a-year"};

// Needs API server and etcd of its own; the others use the shared one.
bool needs_own_server(StoreFault fault);

void run_store_fault(StoreFault fault, Judge& judge);

} // namespace le_run::test::faults
