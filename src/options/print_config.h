// --print-config.
#pragma once

#include <string>

#include "options/values.h"

namespace le_run::options {

// Each option's value and, as a comment, where it came from; what has none is a comment as a
// whole. A configuration file of the same meaning. Credentials inside a URL are blanked.
std::string print_config(const Values& values);

} // namespace le_run::options
