// The command line up to "--".
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "options/options.h"
#include "options/values.h"

namespace le_run::options {

inline constexpr const char* kUsage = "le-run [options] -- command [args...]";

// Throws OptionsError.
std::variant<Values, JustPrint> read_flags(const std::vector<std::string>& flags);

} // namespace le_run::options
