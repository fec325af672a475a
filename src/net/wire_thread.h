// cpprest works on one thread. One is enough, and it replaces locks: no two handlers run at once.
#pragma once

#include <cstddef>

#include <boost/asio/io_context.hpp>

namespace le_run::net {

// `threads`: 0 if the caller runs the loop itself. The first call decides.
boost::asio::io_context& wire_loop(std::size_t threads = 1);

} // namespace le_run::net
