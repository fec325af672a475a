// Which boot of the kernel this is: what makes an instant that another process wrote worth
// believing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace le_run::file_store {

// The kernel's own boot id, where this process also has the kernel's own clocks. Nothing where that
// is in doubt: something lies over the file in /proc, as systemd-nspawn puts it there for its
// containers; a time namespace has clocks of its own; a kernel before Linux 5.6 cannot tell.
// Ask anew at each use: a process that was restored from a checkpoint has moved to another boot.
std::optional<std::string> this_boot();

// As the kernel writes it: "f8abcc31-4709-4111-acfd-29c7301d1330".
bool is_boot_id(std::string_view text);

} // namespace le_run::file_store
