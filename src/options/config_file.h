// The configuration file: a YAML mapping from options' names to values.
#pragma once

#include <string>

#include "options/values.h"

namespace le_run::options {

// Reads `given`'s file and adds what it says. Each value's source is "FILE:LINE: NAME". Throws
// OptionsError; its text quotes no value, for the file may be another than was meant.
void add_config_file(Values& values, const Value& given);

// The same with the file's text, for which `file` stands in messages.
void add_config_text(Values& values, const std::string& file, const std::string& text);

} // namespace le_run::options
