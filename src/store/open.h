// Opens the store that a lock names.
#pragma once

#include <boost/asio/io_context.hpp>

#include "store/lock.h"
#include "store/opened_lock.h"

namespace le_run::store {

// Throws ConfigError.
OpenedLock open_lock(boost::asio::io_context& loop, const Lock& lock,
                     const Surroundings& surroundings);

// The loop for a program that has only this store.
boost::asio::io_context& make_loop(const Lock& lock);

} // namespace le_run::store
