#include "store/file_watch.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <sys/inotify.h>
#include <unistd.h>

namespace le_run {

FileWatch::FileWatch(boost::asio::io_context& loop, const std::string& path,
                     std::function<void()> changed)
    : folder_(std::filesystem::path(path).parent_path()),
      name_(std::filesystem::path(path).filename()), changed_(std::move(changed)), inotify_(loop) {}

std::optional<std::string> FileWatch::begin() {
    const auto why = [this](const char* call) {
        const std::string reason = std::strerror(errno);
        return folder_ + " cannot be watched (" + call + ": " + reason + ")";
    };
    const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0)
        return why("inotify_init1");
    inotify_.assign(fd);
    if (::inotify_add_watch(fd, folder_.c_str(),
                            IN_ATTRIB | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) < 0)
        return why("inotify_add_watch");
    wait();
    return std::nullopt;
}

void FileWatch::wait() {
    inotify_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code error) {
            if (!error && !alive.expired())
                read();
        });
}

void FileWatch::read() {
    alignas(inotify_event) std::array<char, 16 * 1024> events;
    bool is_ours = false;
    for (;;) {
        const auto size = ::read(inotify_.native_handle(), events.data(), events.size());
        if (size <= 0)
            break;
        for (ssize_t at = 0; at < size;) {
            inotify_event event;
            std::memcpy(&event, events.data() + at, sizeof event);
            const char* const name = events.data() + at + sizeof event;
            // An overflow has no name: anything may have changed.
            is_ours = is_ours || event.len == 0 || name_ == name;
            at += static_cast<ssize_t>(sizeof event + event.len);
        }
    }
    wait();
    if (is_ours)
        changed_();
}

} // namespace le_run
