// The only reader of the kernel's clocks. le-run's loop and the guard have one Clock each.
#pragma once

#include "base/time_point.h"

namespace le_run {

class Clock {
public:
    // The present instant. On both clocks it is never before the last one that this Clock returned.
    // Does not allocate.
    TimePoint now();

private:
    TimePoint last_{};
};

} // namespace le_run
