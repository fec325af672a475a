// The wall clock: for records and the log, never for a decision.
#pragma once

#include <chrono>

#include "base/time_point.h"

namespace le_run {

inline WallTime wall_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
}

} // namespace le_run
