// The file systems that are shared over a network, or served by a process outside the kernel.
#pragma once

#include <optional>
#include <string_view>

namespace le_run::file_store {

// The name of the network file system with this magic number (statfs.f_type), if it is one. A lease
// file there would be unsafe: two machines that map it have two separate memories. FUSE and 9p
// count too, because they mostly serve another machine, or the host of a virtual machine (virtiofs,
// sshfs, gVisor), and the kernel cannot tell.
std::optional<std::string_view> network_file_system(unsigned long magic);

} // namespace le_run::file_store
