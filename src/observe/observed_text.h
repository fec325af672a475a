// The words of the log for everything that a Leader reports.
#pragma once

#include "leader/observed.h"
#include "observe/report_text.h"

namespace le_run::observe {

// The log line for `observed`. `now` is the wall-clock time, for texts such as "until TIME".
LogLine line_for(const leader::Observed& observed, const Subject& subject, WallTime now);

} // namespace le_run::observe
