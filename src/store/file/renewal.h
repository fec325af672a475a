// The instant at which a record was sent. A lock file keeps it beside the Lease, because all
// candidates of a file share one kernel and its clocks.
//
//   "leRunRenewal":{"resourceVersion":"3784298417290248193",
//                   "bootId":"f8abcc31-4709-4111-acfd-29c7301d1330","boottime":4711,"raw":4711}
//
// The unit is nanoseconds; the clocks are those of time_point.h. The instant belongs to the write
// with this resourceVersion. Otherwise it is old: le-run 0.1.0 renews the lease, but keeps this
// field unchanged.
//
// Pure functions. `boot`: boot.h.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/time_point.h"

namespace le_run::file_store {

// Adds the instant to `object`, a Lease object with the resourceVersion `token`. Without
// `renewed_at`, or if the boot is not known, it only removes the instant of an earlier write.
void set_renewal(nlohmann::ordered_json& object, const std::string& token,
                 const std::optional<std::string>& boot,
                 const std::optional<TimePoint>& renewed_at);

// The instant in `object`, if it belongs to the current write, which has `token`. far_past(): it is
// from an earlier boot; a power failure may leave an object older than that write. Nothing: there
// is no instant, or an impossible one.
std::optional<TimePoint> renewal_in(const nlohmann::ordered_json& object, const std::string& token,
                                    const std::optional<std::string>& boot);

} // namespace le_run::file_store
