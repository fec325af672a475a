// Which lock the options name, and where it is.
#pragma once

#include <optional>

#include "options/values.h"
#include "store/lock.h"

namespace le_run::options {

// Erases the values that a better place overrules. Nothing: no lock is named. Throws OptionsError.
std::optional<store::Lock> read_lock(Values& values);

} // namespace le_run::options
