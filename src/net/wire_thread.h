// Where cpprest works: on one thread, which is enough, and being alone it is a lock: no two of its
// handlers run at once.
#pragma once

#include <cstddef>

#include <boost/asio/io_context.hpp>

namespace le_run::net {

// `threads`: 0 when the caller runs the loop itself; the first call decides.
boost::asio::io_context& wire_loop(std::size_t threads = 1);

} // namespace le_run::net
