// The output of `le-run status`: a table for people, one JSON object for programs.
#pragma once

#include <string>

#include "observe/lease_view.h"

namespace le_run::observe {

// "leads", "free", "stale", "unsure" or "unknown".
const char* state_name(LeaseView::State state);

// kYes: the text goes to a terminal, which shows colours.
enum class Colours { kNo, kYes };

// Several lines, each with its line end. `lock`: as in LE_RUN_HELD_LOCK.
std::string lease_table(const LeaseView& view, const std::string& lock, TimePoint now,
                        WallTime wall, Colours colours);
// One line with its line end: who leads, for a list of changes.
std::string lease_line(const LeaseView& view, TimePoint now, WallTime wall);
// One line with its line end.
std::string lease_json(const LeaseView& view, const std::string& lock, TimePoint now,
                       WallTime wall);

} // namespace le_run::observe
