// Which lock the options name, and where it is.
#pragma once

#include "lock_url.h"
#include "options/values.h"

namespace le_run {

// Throws OptionsError.
Lock read_lock(const Values& values);

} // namespace le_run
