// Tells by inotify when a lease file may have changed. It watches
// - the file, because a file that is a mount has its events in another folder,
// - its folder, because the file may be replaced, or deleted and created again, and
// - the folders above, because each of them may be replaced.
//
// A write to a shared mapping causes no event, so a writer then changes the file's times
// (lease_file.cc). Events are only hints: a writer may die in between, and a mount over a folder
// causes no event.
//
// Threads: the loop's, except for place().
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "store/file/local_file.h"

namespace le_run::file_store {

class FileWatch {
public:
    struct Placed {
        UniqueFd inotify;
        int folder = -1; // the inotify watches
        int file = -1;
        std::string trouble{}; // why the path cannot be watched, in one line for people; or empty
    };
    // Watches the file and folders that `path` (absolute) leads to now. It blocks as long as the
    // file system does.
    static Placed place(const std::string& path);

    // `changed`: the file may have changed. `moved`: the path may lead to another file, so call
    // place() again. Both are called on the loop, until this object ends.
    FileWatch(boost::asio::io_context& loop, const std::string& path, std::function<void()> changed,
              std::function<void()> moved);

    // Uses these watches from now on, and drops the earlier ones.
    void follow(Placed placed);

private:
    void wait();
    void read();

    const std::string name_;
    std::function<void()> changed_, moved_;
    std::shared_ptr<char> alive_ =
        std::make_shared<char>(); // handlers ask whether this still lives
    boost::asio::posix::stream_descriptor inotify_;
    int folder_ = -1, file_ = -1;
};

} // namespace le_run::file_store
