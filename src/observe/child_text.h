// The words of the log for the end of the child.
#pragma once

#include <string>

#include "leader/observed.h"

namespace le_run::observe {

// "exited with 7", "was ended by SIGTERM", "could not be started: /bin/x: Permission denied"
std::string describe(const leader::ChildEnd& child, const std::string& program);

} // namespace le_run::observe
