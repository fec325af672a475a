// Starts test-forest (helpers/forest.cc), whose shapes awkward_shapes.h lists.
#pragma once

#include <string>

namespace le_run::test {

// Whether this user and machine can have so many more processes.
bool can_have_processes(int count);

// Makes the tree of `shape`, as in "mix-10000-stopped", below a child of the caller, and returns
// when it is there. False: it could not be made.
bool start_forest(const std::string& shape);

} // namespace le_run::test
