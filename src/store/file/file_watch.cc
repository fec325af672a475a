#include "store/file/file_watch.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <sys/inotify.h>

namespace le_run::file_store {
namespace {

namespace fs = std::filesystem;

// Events about the watched inode itself. IN_MASK_ADD, because an inode may be watched twice.
constexpr std::uint32_t kSelf = IN_MOVE_SELF | IN_DELETE_SELF | IN_MASK_ADD;
constexpr std::uint32_t kNames =
    IN_ATTRIB | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | kSelf;

// Sets the watches from the root down. A folder replaced after its watch causes an event; one
// replaced before is the folder that the next watch finds. A folder without permission is skipped.
void watch_way_to(int inotify, const fs::path& folder) {
    fs::path way;
    for (const fs::path& part : folder) {
        way /= part;
        ::inotify_add_watch(inotify, way.c_str(), kSelf | IN_DONT_FOLLOW);
    }
}

} // namespace

FileWatch::Placed FileWatch::place(const std::string& path) {
    Placed placed;
    const fs::path folder = fs::path(path).parent_path();
    const auto fails = [&](const char* call) {
        const std::string reason = std::strerror(errno);
        placed.trouble = folder.string() + " cannot be watched (" + call + ": " + reason + ")";
        return std::move(placed);
    };
    placed.inotify = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    const int fd = placed.inotify.get();
    if (fd < 0) {
        return fails("inotify_init1");
    }
    watch_way_to(fd, folder);
    std::error_code ignored; // on an error, the watch of the folder fails too
    watch_way_to(fd, fs::canonical(folder, ignored));
    placed.folder = ::inotify_add_watch(fd, folder.c_str(), kNames);
    if (placed.folder < 0) {
        return fails("inotify_add_watch");
    }
    placed.file = ::inotify_add_watch(fd, path.c_str(), IN_ATTRIB | kSelf | IN_DONT_FOLLOW);
    if (placed.file < 0 && errno != ENOENT) {
        return fails("inotify_add_watch");
    }
    return placed;
}

FileWatch::FileWatch(boost::asio::io_context& loop, const std::string& path,
                     std::function<void()> changed, std::function<void()> moved)
    : name_(fs::path(path).filename()), changed_(std::move(changed)), moved_(std::move(moved)),
      inotify_(loop) {}

void FileWatch::follow(Placed placed) {
    boost::system::error_code ignored;
    inotify_.close(ignored);
    if (!placed.trouble.empty()) {
        return;
    }
    folder_ = placed.folder;
    file_ = placed.file;
    inotify_.assign(placed.inotify.release());
    wait();
}

void FileWatch::wait() {
    inotify_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code error) {
            if (!error && !alive.expired()) {
                read();
            }
        });
}

void FileWatch::read() {
    alignas(inotify_event) std::array<char, 16 * 1024> events;
    bool has_changed = false;
    bool has_moved = false;
    for (;;) {
        const auto size = ::read(inotify_.native_handle(), events.data(), events.size());
        if (size <= 0) {
            break;
        }
        for (ssize_t at = 0; at < size;) {
            inotify_event event;
            std::memcpy(&event, events.data() + at, sizeof event);
            const char* const name = events.data() + at + sizeof event;
            const bool is_named = event.len > 0;
            const bool is_ours = event.wd == folder_ && is_named && name_ == name;
            const bool is_touch = (event.mask & IN_ATTRIB) != 0;
            has_changed = has_changed || (is_touch && (is_ours || event.wd == file_));
            // An event without a name: a folder on the way has moved, or events were lost.
            has_moved = has_moved || (!is_touch && (is_ours || !is_named));
            at += static_cast<ssize_t>(sizeof event + event.len);
        }
    }
    wait();
    if (has_moved) {
        moved_();
    } else if (has_changed) {
        changed_();
    }
}

} // namespace le_run::file_store
