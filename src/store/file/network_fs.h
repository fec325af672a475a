// Which file systems are shared over a network, or served by a process outside the kernel.
#pragma once

#include <optional>
#include <string_view>

namespace le_run::file_store {

// The name of the network file system with this magic number (statfs.f_type), if it is one. On
// these a lease in a file would be unsafe: memory mapped on two machines is two memories. FUSE and
// 9p count: behind them is mostly another machine or the host of a virtual one (virtiofs, sshfs,
// gVisor), and the kernel cannot tell.
std::optional<std::string_view> network_file_system(unsigned long magic);

} // namespace le_run::file_store
