// The only reader of the kernel's clocks; le-run's loop and the guard own one Clock each.
#pragma once

#include "base/time_point.h"

namespace le_run {

class Clock {
public:
    // The present instant; never before the last one this Clock returned, on either clock. Does not
    // allocate.
    TimePoint now();

private:
    TimePoint last_{};
};

} // namespace le_run
