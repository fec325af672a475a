#include "store/file/local_file.h"

#include <atomic>
#include <bit>
#include <cerrno>
#include <random>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "store/file/file_owner.h"

#ifndef MADV_POPULATE_WRITE // Linux 5.14; older headers
#define MADV_POPULATE_WRITE 23
#endif

namespace le_run::file_store {
namespace {

constexpr std::size_t kPage = 4096;
constexpr mode_t kMode = 0600; // see file_owner.h

// Removes the temporary name when its scope ends.
class TemporaryName {
public:
    explicit TemporaryName(std::string path) : path_(std::move(path)) {}
    TemporaryName(const TemporaryName&) = delete;
    TemporaryName& operator=(const TemporaryName&) = delete;
    ~TemporaryName() { ::unlink(path_.c_str()); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

void sync_folder(const std::string& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) {
        throw_file_error("cannot sync the folder " + folder, errno);
    }
}

// Returns 0 or an errno.
int link_to(const std::string& from, const std::string& path) {
    return ::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0
                                                                                            : errno;
}

// The new file has no name at first, so a killed process leaves nothing behind.
int create_unnamed(const std::string& path, std::string_view contents) {
    const UniqueFd fd(::open(folder_of(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode));
    if (!fd) {
        return errno; // an old kernel or file system; any other fault shows up again below
    }
    write_at(fd.get(), contents, 0, path);
    sync_data(fd.get(), path);
    return link_to("/proc/self/fd/" + std::to_string(fd.get()), path);
}

int create_named(const std::string& path, std::string_view contents) {
    std::random_device random;
    const TemporaryName temporary(folder_of(path) + "/." + name_of(path) + "." +
                                  std::to_string(random()) + std::to_string(random()) + ".new");
    const UniqueFd fd(
        ::open(temporary.path().c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, kMode));
    if (!fd) {
        throw_file_error("cannot create a file in the folder " + folder_of(path), errno);
    }
    write_at(fd.get(), contents, 0, path);
    sync_data(fd.get(), path);
    return link_to(temporary.path(), path);
}

} // namespace

void throw_file_error(const std::string& what, int error) {
    const bool denied = error == EACCES || error == EPERM || error == EROFS || error == ELOOP ||
                        error == ENAMETOOLONG || error == ENOTDIR || error == EISDIR;
    throw FileError(election::Failure{
        denied ? election::Failure::Kind::kDenied : election::Failure::Kind::kUnreachable,
        what + ": " + std::error_code(error, std::generic_category()).message(),
        {}});
}

void throw_malformed(const std::string& text) {
    throw FileError(election::Failure{election::Failure::Kind::kMalformed, text, {}});
}

UniqueFd::~UniqueFd() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

UniqueFd open_existing(const std::string& path) {
    // O_NONBLOCK: if somebody has put a FIFO or device there, do not wait for it.
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (!fd) {
        if (errno == ENOENT) {
            return {};
        }
        throw_file_error("cannot open " + path, errno);
    }
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) {
        throw_file_error("cannot look at " + path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        throw_malformed(path + " is not a regular file");
    }
    if (const auto why = unsafe_file(path, status)) {
        throw FileError(election::Failure{election::Failure::Kind::kDenied, *why, {}});
    }
    return fd;
}

void keep_others_out(int fd, const std::string& path) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) {
        throw_file_error("cannot look at " + path, errno);
    }
    if (is_readable_by_others(status) && ::fchmod(fd, kMode) != 0) {
        throw_file_error("cannot take the rights of other users on " + path, errno);
    }
}

bool create_whole(const std::string& path, std::string_view contents) {
    auto error = create_unnamed(path, contents);
    if (error != 0 && error != EEXIST) { // no O_TMPFILE, or no /proc to link from
        error = create_named(path, contents);
    }
    if (error != 0 && error != EEXIST) {
        throw_file_error("cannot link " + path + " (the file system must have hard links)", error);
    }
    sync_folder(folder_of(path));
    return error == 0;
}

void write_at(int fd, std::string_view bytes, std::uint64_t offset, const std::string& path) {
    while (!bytes.empty()) {
        const auto written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw_file_error("cannot write " + path, errno);
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
}

void sync_data(int fd, const std::string& path) {
    if (::fdatasync(fd) != 0) {
        throw_file_error("cannot sync " + path, errno);
    }
}

MappedWords::MappedWords(int fd, std::uint64_t size, std::string path)
    : fd_(fd), size_(size), path_(std::move(path)) {
    page_ = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page_ == MAP_FAILED) {
        throw_file_error("cannot map " + path_, errno);
    }
}

MappedWords::~MappedWords() { ::munmap(page_, kPage); }

std::uint64_t* MappedWords::at(std::size_t offset) const {
    LE_CHECK(offset % sizeof(std::uint64_t) == 0 && offset + sizeof(std::uint64_t) <= kPage);
    struct stat status{};
    if (::fstat(fd_, &status) != 0) {
        throw_file_error("cannot look at " + path_, errno);
    }
    if (static_cast<std::uint64_t>(status.st_size) < size_) {
        throw_malformed(path_ + " has been truncated to " + std::to_string(status.st_size) +
                        " bytes; delete it");
    }
    return reinterpret_cast<std::uint64_t*>(static_cast<char*>(page_) + offset);
}

Word MappedWords::load(std::size_t offset) const {
    auto* const word = at(offset);
    std::atomic_thread_fence(std::memory_order_seq_cst); // after the earlier file calls
    const auto value = std::atomic_ref(*word).load(std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst); // before the later file calls
    return std::bit_cast<Word>(value);
}

bool MappedWords::compare_exchange(std::size_t offset, Word expected, Word desired) {
    auto* const word = at(offset);
    if (::madvise(page_, kPage, MADV_POPULATE_WRITE) != 0 && errno != EINVAL) {
        throw_file_error("cannot write " + path_, errno);
    }
    auto value = std::bit_cast<std::uint64_t>(expected);
    return std::atomic_ref(*word).compare_exchange_strong(
        value, std::bit_cast<std::uint64_t>(desired), std::memory_order_seq_cst);
}

} // namespace le_run::file_store
