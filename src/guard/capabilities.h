// Reads and drops a process's capabilities by raw system calls, so these functions may be called
// between a fork and an exec.
#pragma once

#include <cstdint>

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace le_run::guard {

// The capabilities of this process, one bit each.
struct Capabilities {
    std::uint64_t effective = 0;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;

    bool has(int capability) const { return ((effective >> capability) & 1) != 0; }
    bool has_more_than(const Capabilities& other) const {
        return ((effective & ~other.effective) | (permitted & ~other.permitted) |
                (inheritable & ~other.inheritable)) != 0;
    }
};

inline Capabilities read_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
    if (::syscall(SYS_capget, &header, data) != 0) {
        return {};
    }
    const auto both = [](std::uint64_t low, std::uint64_t high) { return high << 32 | low; };
    return {both(data[0].effective, data[1].effective), both(data[0].permitted, data[1].permitted),
            both(data[0].inheritable, data[1].inheritable)};
}

// Drops every capability that is not in `most`, from the ambient set too. False: see errno.
inline bool keep_capabilities_of(const Capabilities& most) {
    const Capabilities now = read_capabilities();
    if (!now.has_more_than(most)) {
        return true;
    }
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
    for (int half = 0; half < _LINUX_CAPABILITY_U32S_3; ++half) {
        const int shift = 32 * half;
        data[half].effective =
            static_cast<std::uint32_t>((now.effective & most.effective) >> shift);
        data[half].permitted =
            static_cast<std::uint32_t>((now.permitted & most.permitted) >> shift);
        data[half].inheritable =
            static_cast<std::uint32_t>((now.inheritable & most.inheritable) >> shift);
    }
    return ::syscall(SYS_capset, &header, data) == 0;
}

} // namespace le_run::guard
