// What --lock names, and the one table of the kinds of stores.
//
// To add a kind: a folder beside file/ with its lock (a URL scheme, and parse()), its store, and
// open() and loop_for() as in opened_lock.h; its lock's type in `Lock` below and its header in
// open.cc; the contract suite over it (tests/store/contract.h).
#pragma once

#include <string>
#include <variant>

#include "store/file/lock.h"
#include "store/kubernetes/lock.h"

namespace le_run::store {

using Lock = std::variant<kubernetes_store::KubernetesLock, file_store::FileLock>;

// Reads a lock URL. On failure returns what is wrong and what to write instead (no flag name, no
// trailing full stop).
std::variant<Lock, std::string> parse_lock_url(const std::string& url);

} // namespace le_run::store
