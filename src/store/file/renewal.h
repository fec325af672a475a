// When a record was sent, as a lock file keeps it beside the Lease: all candidates of a file share
// one kernel and its clocks.
//
//   "leRunRenewal":{"resourceVersion":"3784298417290248193",
//                   "bootId":"f8abcc31-4709-4111-acfd-29c7301d1330","boottime":4711,"raw":4711}
//
// In nanoseconds, the clocks of time_point.h. It speaks of the write that gave the object this
// resourceVersion: le-run 0.1.0 keeps what it does not know, and would renew the lease but not
// this.
//
// Pure functions. `boot`: boot.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time_point.h"

namespace le_run::file_store {

// `object`, a Lease object with the resourceVersion `token`, of the write with that token. Without
// `renewed_at`, or where the boot is not known, it says nothing, and what an earlier write said is
// gone.
std::string with_renewal(std::string_view object, const std::string& token,
                         const std::optional<std::string>& boot,
                         const std::optional<TimePoint>& renewed_at);

// What `object` says, where `token` is that of the current write; far_past() in an earlier boot: a
// power failure may leave an object that is older than that write. Nothing where it says nothing,
// or what cannot be so.
std::optional<TimePoint> renewal_in(std::string_view object, const std::string& token,
                                    const std::optional<std::string>& boot);

} // namespace le_run::file_store
