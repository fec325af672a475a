// The lock that the options name.
#pragma once

#include <optional>

#include "options/values.h"
#include "store/lock.h"

namespace le_run::options {

// Erases values that a place with precedence overrules. Nothing: no lock is named. Throws
// OptionsError.
std::optional<store::Lock> read_lock(Values& values);

} // namespace le_run::options
