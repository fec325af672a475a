// The configuration file: a YAML mapping from options' names to values.
#pragma once

#include <string>

#include "options/values.h"

namespace le_run::options {

// Reads the file that `given` names and adds its values. Each value's source is "FILE:LINE: NAME".
// Throws OptionsError. Its text quotes no value, because the user may have named a wrong file.
void add_config_file(Values& values, const Value& given);

// The same with the file's text; messages call it `file`.
void add_config_text(Values& values, const std::string& file, const std::string& text);

} // namespace le_run::options
