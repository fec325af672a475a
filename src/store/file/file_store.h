// A lease in a local file.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "store/file/lock.h"
#include "store/opened_lock.h"

namespace le_run::file_store {

// Throws ConfigError: the folder is missing or not writable, the path is not a regular file, a
// network file system.
std::unique_ptr<store::LeaseStore> make_file_store(boost::asio::io_context& loop,
                                                   const std::string& path);

store::OpenedLock open(boost::asio::io_context& loop, const FileLock& lock,
                       const store::Surroundings& surroundings);
boost::asio::io_context& loop_for(const FileLock& lock);

} // namespace le_run::file_store
