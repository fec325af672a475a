// The words of the log: one line for each thing that an operator has to know.
#pragma once

#include <string>

#include "election/report.h"
#include "observe/log.h"

namespace le_run::observe {

// What every line may need to name.
struct Subject {
    std::string lock; // as LE_RUN_HELD_LOCK
    election::HolderIdentity id;
    std::string program{}; // of the child
};

// The line for `report`, at the wall-clock time `now` (for "until").
LogLine line_for(const election::Report& report, const Subject& subject, WallTime now);

} // namespace le_run::observe
