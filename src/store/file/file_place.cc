#include "store/file/file_place.h"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/config_error.h"
#include "store/file/fence.h"
#include "store/file/file_owner.h"
#include "store/file/lease_file_format.h"
#include "store/file/local_file.h"
#include "store/file/network_fs.h"
#include "store/lease_store.h"

namespace le_run::file_store {
namespace {

constexpr std::size_t kMaxName = 200; // leaves room for the longer names of the files beside it

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
    throw ConfigError("lease file " + path + ": " + why);
}

std::string text_of(int error) { return std::error_code(error, std::generic_category()).message(); }

// Follows links: the path to the folder may contain some.
void check_folder(const std::string& path, const std::string& folder) {
    struct stat status{};
    if (::stat(folder.c_str(), &status) != 0) {
        refuse(path, errno == ENOENT
                         ? "the folder " + folder + " does not exist"
                         : "cannot look at the folder " + folder + ": " + text_of(errno));
    }
    if (!S_ISDIR(status.st_mode)) {
        refuse(path, folder + " is not a folder");
    }
}

void check_file_system(const std::string& path, const std::string& place) {
    struct statfs status{};
    if (::statfs(place.c_str(), &status) != 0) {
        refuse(path, "cannot ask for the file system of " + place + ": " + text_of(errno));
    }
    if (const auto name = network_file_system(static_cast<unsigned long>(status.f_type))) {
        refuse(path, place + " is on a network file system (" + std::string(*name) +
                         "); a lease file works between the processes of one machine only, on a "
                         "local file system");
    }
}

// access(2) checks the real user, but le-run acts as the effective one.
void check_access(const std::string& path, const std::string& place, int mode,
                  const std::string& need) {
    if (::faccessat(AT_FDCWD, place.c_str(), mode, AT_EACCESS) != 0) {
        refuse(path, place + " is not " + need + " for user id " + std::to_string(::geteuid()) +
                         ": " + text_of(errno));
    }
}

// Below this limit no write can ever succeed.
void check_size_limit(const std::string& path) {
    rlimit limit{};
    constexpr std::uint64_t kNeeded = lease_file_format::file_size(lease_file_format::kMaxPairs);
    if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < kNeeded) {
        refuse(path, "the limit for the size of files (ulimit -f, LimitFSIZE=) is " +
                         std::to_string(limit.rlim_cur) + " bytes, and it needs " +
                         std::to_string(kNeeded) + ": raise the limit");
    }
}

// False: there is no file of that name.
bool check_regular_file(const std::string& path, const std::string& place) {
    struct stat status{};
    if (::lstat(place.c_str(), &status) != 0) {
        if (errno == ENOENT) {
            return false;
        }
        refuse(path, "cannot look at " + place + ": " + text_of(errno));
    }
    if (S_ISLNK(status.st_mode)) {
        refuse(path, place + " is a symbolic link; give the path that it points to");
    }
    if (!S_ISREG(status.st_mode)) {
        refuse(path, place + (S_ISDIR(status.st_mode) ? " is a folder" : " is not a regular file"));
    }
    if (const auto why = unsafe_file(place, status)) {
        refuse(path, *why);
    }
    check_access(path, place, R_OK | W_OK, "readable and writable");
    return true;
}

} // namespace

void check_file_place(const std::string& path) {
    const auto name = name_of(path);
    if (name.empty() || name == "." || name == "..") {
        refuse(path, "the path must end with the name of a file");
    }
    if (name.size() > kMaxName) {
        refuse(path, "the name of the file is longer than " + std::to_string(kMaxName) + " bytes");
    }
    check_size_limit(path);
    const auto folder = folder_of(path);
    check_folder(path, folder);
    check_file_system(path, folder);
    if (const auto why = unsafe_folder(folder)) {
        refuse(path, *why);
    }
    if (check_regular_file(path, path)) {
        check_file_system(path, path); // a single file can be a mount
    }
    check_regular_file(path, fence_path(path));
    check_access(path, folder, W_OK | X_OK, "writable");
}

} // namespace le_run::file_store
