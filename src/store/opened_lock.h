// What opening a lock needs and gives, whichever kind of store it names.
//
// Each kind has two functions beside its store, found by the type of its lock:
//   OpenedLock open(boost::asio::io_context& loop, const XLock& lock, const Surroundings&);
//     Throws ConfigError.
//   boost::asio::io_context& loop_for(const XLock& lock);
//     The loop for a program that has this store and no other. It lives until the process ends:
//     what libraries have left under way may still refer to it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/config_error.h"
#include "store/lease_store.h"

namespace le_run::store {

struct Surroundings {
    std::vector<std::string> environment; // "NAME=value", of the child: for credential plugins
    // Hears, on the loop, what fails without harm so far, such as renewing credentials.
    std::function<void(const std::string&)> warn{};
};

struct OpenedLock {
    std::unique_ptr<LeaseStore> store;
    std::string lock; // its full name, as LE_RUN_HELD_LOCK has it
    std::vector<std::string> warnings{};
};

} // namespace le_run::store
