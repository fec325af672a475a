// The words of the log for the election's reports: one line for each.
#pragma once

#include <string>

#include "election/report.h"
#include "observe/log.h"

namespace le_run::observe {

// The names that a line may contain.
struct Subject {
    std::string lock; // as in LE_RUN_HELD_LOCK
    election::HolderIdentity id;
    std::string program{}; // the child's
};

// The log line for `report`. `now` is the wall-clock time, for texts such as "until TIME".
LogLine line_for(const election::Report& report, const Subject& subject, WallTime now);

} // namespace le_run::observe
