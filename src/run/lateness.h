// How late the guard woke in the last minute, and the margin that calls for.
//
// What happened once in that minute was a pause (suspend, SIGSTOP, a frozen container) and says
// nothing of the next wake-up; what happened twice is a habit of this machine.
#pragma once

#include <deque>

#include "time_point.h"

namespace le_run {

class Lateness {
public:
    static constexpr Duration kRemembered = std::chrono::seconds(60);
    // What was seen once may come twice as bad.
    static constexpr int kSafety = 2;

    void add(TimePoint now, Duration lateness);
    // lambda and kappa as the last minute calls for: of the second worst. Zero when nothing was
    // late twice.
    Duration margin(TimePoint now);
    // Whether something is remembered that time will take away again.
    bool is_empty() const { return seen_.empty(); }

private:
    struct Seen {
        TimePoint at;
        Duration lateness;
    };
    std::deque<Seen> seen_;
};

} // namespace le_run
