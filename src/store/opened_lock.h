// The input and the result of opening a lock, for every kind of store.
//
// Each kind has two functions beside its store, found by the type of its lock:
//   OpenedLock open(boost::asio::io_context& loop, const XLock& lock, const Surroundings&);
//     Throws ConfigError.
//   boost::asio::io_context& loop_for(const XLock& lock);
//     The loop for a program that has only this store. It lives until the process ends, because
//     unfinished work of libraries may still refer to it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/config_error.h"
#include "store/lease_store.h"

namespace le_run::store {

struct Surroundings {
    std::vector<std::string> environment; // the child's, "NAME=value"; for credential plugins
    // Called on the loop with a failure that does no harm yet, such as renewing credentials.
    std::function<void(const std::string&)> warn{};
};

struct OpenedLock {
    std::unique_ptr<LeaseStore> store;
    std::string lock; // the lock's full name, as in LE_RUN_HELD_LOCK
    std::vector<std::string> warnings{};
};

} // namespace le_run::store
