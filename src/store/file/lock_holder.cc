#include "store/file/lock_holder.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>

namespace le_run::file_store {
namespace {

namespace fs = std::filesystem;

std::string describe(const std::string& pid) {
    std::string name;
    std::getline(std::ifstream("/proc/" + pid + "/comm"), name);
    struct stat status{};
    const bool has_user = ::stat(("/proc/" + pid).c_str(), &status) == 0;
    return "process " + pid + " (" + name +
           (has_user ? ", user id " + std::to_string(status.st_uid) : std::string()) + ")";
}

// The kernel names the holder of a classic record lock. For a lock of an open file description
// (OFD) it answers -1, because that has no process.
std::optional<std::string> named_by_the_kernel(int fd) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0) {
        return std::nullopt;
    }
    return describe(std::to_string(lock.l_pid));
}

bool has_lock(const fs::path& info) {
    std::ifstream lines(info);
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind("lock:", 0) == 0) {
            return true;
        }
    }
    return false;
}

bool holds_lock(const fs::path& process, const struct stat& file) {
    std::error_code error;
    for (fs::directory_iterator fds(process / "fd", error), end; !error && fds != end;
         fds.increment(error)) {
        struct stat status{};
        if (::stat(fds->path().c_str(), &status) == 0 && status.st_dev == file.st_dev &&
            status.st_ino == file.st_ino && has_lock(process / "fdinfo" / fds->path().filename())) {
            return true;
        }
    }
    return false;
}

std::optional<std::string> found_in_proc(int fd) {
    struct stat file{};
    if (::fstat(fd, &file) != 0) {
        return std::nullopt;
    }
    std::error_code error;
    for (fs::directory_iterator processes("/proc", error), end; !error && processes != end;
         processes.increment(error)) {
        const std::string pid = processes->path().filename();
        if (pid.find_first_not_of("0123456789") == std::string::npos &&
            holds_lock(processes->path(), file)) {
            return describe(pid);
        }
    }
    return std::nullopt;
}

} // namespace

std::string lock_holder(int fd) {
    if (auto named = named_by_the_kernel(fd)) {
        return *named;
    }
    return found_in_proc(fd).value_or("a process of another user");
}

} // namespace le_run::file_store
