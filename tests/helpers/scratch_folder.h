// A folder of its own for each test, removed at the end; in memory where there is room, because
// etcd syncs every write.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/statvfs.h>
#include <unistd.h>

namespace le_run::test {

class ScratchFolder {
public:
    ScratchFolder() {
        const char* configured = std::getenv("TMPDIR");
        std::string root = configured != nullptr  ? configured
                           : has_room("/dev/shm") ? "/dev/shm"
                                                  : "/tmp";
        std::string pattern = root + "/le-run-test-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(), pattern);
        }
        path_ = pattern;
    }
    ~ScratchFolder() {
        std::error_code ignored; // a leftover folder must not hide the test's verdict
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }

    // Writes a file into the folder and returns its path.
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(file(name), std::ios::binary) << text;
        return file(name);
    }
    // Copies a program into the folder and returns its path: every user may run it there, while the
    // build may lie below a folder that only root enters.
    std::string public_copy(const std::string& program) const {
        namespace fs = std::filesystem;
        const std::string copy = file(fs::path(program).filename());
        fs::copy_file(program, copy);
        fs::permissions(copy, fs::perms(0755));
        fs::permissions(path_, fs::perms(0711), fs::perm_options::add);
        return copy;
    }

private:
    static bool has_room(const char* folder) {
        struct statvfs info{};
        return ::access(folder, W_OK) == 0 && ::statvfs(folder, &info) == 0 &&
               info.f_bavail * info.f_frsize > (2ULL << 30) && (info.f_flag & ST_NOEXEC) == 0;
    }

    std::string path_;
};

// The whole file; empty when it is not there (yet).
inline std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return in ? text.str() : std::string();
}

} // namespace le_run::test
