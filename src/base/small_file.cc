#include "base/small_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace le_run {
namespace {

FileError error_of(int number) {
    if (number == ENOENT || number == ENOTDIR) {
        return {number, "is missing"};
    }
    if (number == EISDIR) {
        return {number, "is a folder, not a file"};
    }
    return {number, std::string("cannot be read (") + std::strerror(number) + ")"};
}

std::variant<std::string, FileError> read_all(int fd, std::size_t limit) {
    std::string bytes;
    char block[16 * 1024];
    for (;;) {
        const ssize_t count = ::read(fd, block, sizeof block);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return error_of(errno);
        }
        if (count == 0) {
            return bytes;
        }
        bytes.append(block, static_cast<std::size_t>(count));
        if (bytes.size() > limit) {
            return FileError{0, "is larger than " + std::to_string(limit / 1024) + " KiB"};
        }
    }
}

} // namespace

std::variant<std::string, FileError> read_small_file(const std::string& path, std::size_t limit,
                                                     MayWait may_wait) {
    const int extra = may_wait == MayWait::kNo ? O_NONBLOCK : 0;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | extra);
    if (fd < 0) {
        return error_of(errno);
    }
    auto result = read_all(fd, limit);
    ::close(fd);
    return result;
}

std::string in_folder_of(const std::string& file, const std::string& path) {
    if (path.empty() || path.front() == '/') {
        return path;
    }
    const auto slash = file.rfind('/');
    return slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

} // namespace le_run
