// Identifies the boot of the kernel. A process can use an instant that another process wrote only
// if both run in the same boot.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace le_run::file_store {

// The kernel's boot id, if this process also has the kernel's own clocks. Nothing if that is not
// certain: something is mounted over the file in /proc (systemd-nspawn does so for its containers),
// the process is in a time namespace with its own clocks, or the kernel is older than Linux 5.6.
// Ask again at each use: a process restored from a checkpoint is in another boot.
std::optional<std::string> this_boot();

// As the kernel writes it: "f8abcc31-4709-4111-acfd-29c7301d1330".
bool is_boot_id(std::string_view text);

} // namespace le_run::file_store
