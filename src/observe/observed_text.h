// The words of the log for all that a leader tells.
#pragma once

#include "leader/observed.h"
#include "observe/report_text.h"

namespace le_run::observe {

// The line for `observed`, at the wall-clock time `now` (for "until").
LogLine line_for(const leader::Observed& observed, const Subject& subject, WallTime now);

} // namespace le_run::observe
