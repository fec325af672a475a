#include "guard/new_proc.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/mounts.h"

namespace le_run::guard {
namespace {

using Outcome = NewProc::Outcome;

// The properties of the old /proc that the new one must repeat.
struct Restrictions {
    bool is_whole = false; // the old /proc is a proc file system, mounted from its root
    bool read_only = false;
    std::string options;
    std::vector<std::string> covered; // below /proc/
};

class Fd {
public:
    explicit Fd(int fd) : fd_(fd) {}
    ~Fd() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    int get() const { return fd_; }
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

NewProc failure(Outcome outcome, int error, const std::string& path = "") {
    NewProc result{outcome, error, ""};
    path.copy(result.path, sizeof result.path - 1);
    return result;
}

// The id of the visible mount, if several are mounted on /proc.
std::string mount_id(const Fd& fd) {
    std::ifstream file("/proc/self/fdinfo/" + std::to_string(fd.get()));
    for (std::string word; file >> word;) {
        if (word == "mnt_id:" && file >> word) {
            return word;
        }
    }
    return "";
}

void take_options(const std::string& list, Restrictions* restrictions) {
    std::istringstream options(list);
    for (std::string option; std::getline(options, option, ',');) {
        if (option == "ro") {
            restrictions->read_only = true;
        }
        for (const char* name : {"hidepid=", "gid=", "subset="}) {
            if (option.rfind(name, 0) == 0) {
                restrictions->options += (restrictions->options.empty() ? "" : ",") + option;
            }
        }
    }
}

// Whether the path belongs to one process: processes of the old namespace are not in the new /proc.
bool is_of_a_process(const std::string& below_proc) {
    const std::string first = below_proc.substr(0, below_proc.find('/'));
    return std::all_of(first.begin(), first.end(), [](unsigned char c) { return std::isdigit(c); });
}

Restrictions restrictions_of(const Fd& old_proc) {
    const std::string id = mount_id(old_proc);
    const std::string prefix = "/proc/";
    Restrictions result;
    for (const Mount& mount : read_mounts()) {
        if (mount.id == id && mount.type == "proc" && mount.root == "/") {
            result.is_whole = true;
            take_options(mount.options + "," + mount.super_options, &result);
        }
        if (mount.parent == id && mount.point.rfind(prefix, 0) == 0 &&
            !is_of_a_process(mount.point.substr(prefix.size()))) {
            result.covered.push_back(mount.point.substr(prefix.size()));
        }
    }
    return result;
}

bool is_there(const std::string& path) {
    struct stat status{};
    return ::lstat(path.c_str(), &status) == 0 || errno != ENOENT;
}

// Repeats one mount in the new /proc, with the mounts on top of it, and read-only if it was
// read-only. Returns 0, or errno.
int cover_again(const Fd& old_proc, const std::string& below_proc) {
    const std::string target = "/proc/" + below_proc;
    if (!is_there(target)) {
        return 0;
    }
    const Fd cover(::openat(old_proc.get(), below_proc.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (cover.get() < 0 ||
        ::mount(cover.path().c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
        return errno;
    }
    return 0;
}

// A failed mount is an error only if its path exists in the new /proc. Otherwise another mount
// hides that path already.
NewProc cover_all_again(const Fd& old_proc, const std::vector<std::string>& covered) {
    std::vector<std::pair<std::string, int>> failed;
    for (const std::string& below_proc : covered) {
        if (const int error = cover_again(old_proc, below_proc); error != 0) {
            failed.emplace_back("/proc/" + below_proc, error);
        }
    }
    for (const auto& [path, error] : failed) {
        if (is_there(path)) {
            return failure(Outcome::kCannotHide, error, path);
        }
    }
    return {};
}

} // namespace

NewProc mount_new_proc() {
    const Fd old_proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
    const Restrictions restrictions = restrictions_of(old_proc);
    if (!restrictions.is_whole) {
        return failure(Outcome::kNoOldProc, 0);
    }
    // MS_SLAVE for /proc only: mounts that the child makes elsewhere still reach other namespaces.
    const unsigned long flags =
        MS_NOSUID | MS_NODEV | MS_NOEXEC | (restrictions.read_only ? MS_RDONLY : 0);
    if (::mount(nullptr, "/proc", nullptr, MS_SLAVE, nullptr) != 0 ||
        ::mount("proc", "/proc", "proc", flags, restrictions.options.c_str()) != 0) {
        return failure(Outcome::kRefused, errno);
    }
    NewProc result = cover_all_again(old_proc, restrictions.covered);
    if (result.outcome != Outcome::kMounted && ::umount2("/proc", MNT_DETACH) != 0) {
        result.outcome = Outcome::kStuck;
    }
    return result;
}

} // namespace le_run::guard
