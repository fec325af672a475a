// The configuration cannot work. what() is one clear line for the user.
#pragma once

#include <stdexcept>

namespace le_run {

class ConfigError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

} // namespace le_run
