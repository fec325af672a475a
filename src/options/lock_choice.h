// Which lock the options name, and where it is.
#pragma once

#include <optional>

#include "lock_url.h"
#include "options/values.h"

namespace le_run {

// Erases the values that a better place overrules. Nothing: no lock is named. Throws OptionsError.
std::optional<Lock> read_lock(Values& values);

} // namespace le_run
