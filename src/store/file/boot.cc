#include "store/file/boot.h"

#include <array>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "store/file/local_file.h"

namespace le_run::file_store {
namespace {

constexpr std::size_t kIdSize = 36;
constexpr ino_t kFirstTimeNamespace = 0xEFFFFFFA; // the kernel's PROC_TIME_INIT_INO

std::string read_id(int fd) {
    std::array<char, kIdSize> id{};
    const auto size = ::pread(fd, id.data(), id.size(), 0);
    return size < 0 ? std::string() : std::string(id.data(), static_cast<std::size_t>(size));
}

bool has_the_kernels_clocks() {
    constexpr const char* kNamespace = "/proc/self/ns/time";
    struct statfs system{};
    struct stat status{};
    return ::statfs(kNamespace, &system) == 0 && system.f_type == NSFS_MAGIC &&
           ::stat(kNamespace, &status) == 0 && status.st_ino == kFirstTimeNamespace;
}

} // namespace

bool is_boot_id(std::string_view text) {
    if (text.size() != kIdSize) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool is_digit =
            (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (is_dash ? text[i] != '-' : !is_digit) {
            return false;
        }
    }
    return true;
}

std::optional<std::string> this_boot() {
    const UniqueFd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct statfs system{};
    if (!fd || ::fstatfs(fd.get(), &system) != 0 || system.f_type != PROC_SUPER_MAGIC ||
        !has_the_kernels_clocks()) {
        return std::nullopt;
    }
    auto id = read_id(fd.get());
    // Reads twice: if the file `uuid` of /proc is mounted over it, each read gives another id.
    return is_boot_id(id) && id == read_id(fd.get()) ? std::optional(std::move(id)) : std::nullopt;
}

} // namespace le_run::file_store
