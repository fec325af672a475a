// Opens the store that a lock names.
#pragma once

#include <boost/asio/io_context.hpp>

#include "store/lock.h"
#include "store/opened_lock.h"

namespace le_run::store {

// Throws ConfigError.
OpenedLock open_lock(boost::asio::io_context& loop, const Lock& lock,
                     const Surroundings& surroundings);

// The loop for the one store of a program.
boost::asio::io_context& make_loop(const Lock& lock);

} // namespace le_run::store
