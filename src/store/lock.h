// The lock that --lock names, of one of several kinds of stores.
//
// To add a kind:
// - a folder beside file/ with the lock (a URL scheme, and parse()), the store, and open() and
//   loop_for() as in opened_lock.h
// - the lock's type in `Lock` below and in the table of lock.cc, its header in open.cc
// - the contract suite over the store (tests/store/contract.h)
#pragma once

#include <string>
#include <variant>

#include "store/file/lock.h"
#include "store/kubernetes/lock.h"

namespace le_run::store {

using Lock = std::variant<kubernetes_store::KubernetesLock, file_store::FileLock>;

// Reads a lock URL. On failure returns what is wrong and what to write instead, without the flag's
// name and without a full stop.
std::variant<Lock, std::string> parse_lock_url(const std::string& url);

} // namespace le_run::store
