// A picture of what was recorded: how the work passed from one replica to the next.
#pragma once

#include <string>
#include <vector>

#include "bench/succession.h"

namespace le_run::test {

struct Panel {
    std::string title;
    std::string incident; // what happens at 0
    Succession succession;
};

// The one whose gap is the median of all.
Succession typical(std::vector<Succession> all);

// SVG: one panel below the other, each with its own axis of time.
std::string timeline_svg(const std::vector<Panel>& panels);

} // namespace le_run::test
