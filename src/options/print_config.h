// --print-config.
#pragma once

#include <string>

#include "options/values.h"

namespace le_run::options {

// A configuration file with each option's value and, as a comment, where the value came from. An
// option without a value is a comment. Credentials inside a URL are blanked.
std::string print_config(const Values& values);

} // namespace le_run::options
