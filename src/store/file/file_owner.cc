#include "store/file/file_owner.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <unistd.h>

namespace le_run::file_store {
namespace {

constexpr mode_t kWriteOfOthers = S_IWGRP | S_IWOTH;
constexpr mode_t kReadOfOthers = S_IRGRP | S_IROTH;

bool is_ours_or_roots(uid_t owner) { return owner == ::geteuid() || owner == 0; }

// In a user namespace, an owner from outside shows as this number, and nobody inside can tell who
// it is. So such a folder is trusted, and such a file is not.
bool is_owner_hidden(uid_t owner) {
    std::ifstream map("/proc/self/uid_map");
    unsigned long inside = 0;
    unsigned long outside = 0;
    unsigned long count = 0;
    unsigned long overflow = 0;
    const bool has_all_users = !(map >> inside >> outside >> count) || count >= 0xffffffffUL;
    return !has_all_users && std::ifstream("/proc/sys/kernel/overflowuid") >> overflow &&
           owner == overflow;
}

std::string mode_text(mode_t mode) {
    char text[8];
    std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
    return text;
}

std::string user_text(uid_t user) { return "user id " + std::to_string(user); }

std::optional<std::string> unsafe_step(const std::string& folder) {
    struct stat status{};
    if (::stat(folder.c_str(), &status) != 0) {
        return std::nullopt; // the code that uses the folder reports this
    }
    if (!is_ours_or_roots(status.st_uid) && !is_owner_hidden(status.st_uid)) {
        return "the folder " + folder + " belongs to " + user_text(status.st_uid) +
               ", who could replace the lock file: use a folder of " + user_text(::geteuid()) +
               " or of root";
    }
    if ((status.st_mode & kWriteOfOthers) != 0 && (status.st_mode & S_ISVTX) == 0) {
        return "other users may write the folder " + folder + " (mode " +
               mode_text(status.st_mode) +
               ") and could replace the lock file: take that right away (chmod go-w), set the "
               "sticky bit (chmod +t), or use another folder";
    }
    return std::nullopt;
}

} // namespace

std::optional<std::string> unsafe_file(const std::string& path, const struct stat& status) {
    if (!is_ours_or_roots(status.st_uid)) {
        return path + " belongs to " + user_text(status.st_uid) + ", and le-run runs as " +
               user_text(::geteuid()) +
               ": all candidates must run as one user; delete the file, or use another folder";
    }
    if ((status.st_mode & kWriteOfOthers) != 0) {
        return "other users may write " + path + " (mode " + mode_text(status.st_mode) +
               ") and could forge the lease: run chmod 600 " + path +
               " if you trust what is in it, else delete it";
    }
    return std::nullopt;
}

bool is_readable_by_others(const struct stat& status) {
    return (status.st_mode & kReadOfOthers) != 0;
}

std::optional<std::string> unsafe_folder(const std::string& folder) {
    char* const resolved = ::realpath(folder.c_str(), nullptr);
    if (resolved == nullptr) {
        return std::nullopt; // the code that uses the folder reports this
    }
    std::string step = resolved;
    std::free(resolved);
    while (true) {
        if (auto why = unsafe_step(step)) {
            return why;
        }
        if (step == "/") {
            return std::nullopt;
        }
        const auto slash = step.rfind('/');
        step.resize(slash == 0 ? 1 : slash);
    }
}

} // namespace le_run::file_store
