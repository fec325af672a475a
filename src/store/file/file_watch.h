// Tells when a lease file may have changed, by inotify: on the file itself, because one that is
// mounted by itself has its events in another folder; on its folder, because it may be replaced,
// deleted and created again; and on the folders above, because each of them may be replaced.
//
// A writer touches the file's times after each write (lease_file.cc), because what happens in a
// shared mapping tells nobody. A hint only: a writer that dies in between tells nothing either, and
// what is mounted over a folder is not told.
//
// Threads: the loop's, but for place().
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
        int folder = -1; // its watches there
        int file = -1;
        std::string trouble{}; // why it cannot be watched, in one line for people; or empty
    };
    // Watches what `path`, absolute, leads to now. It takes as long as the file system does.
    static Placed place(const std::string& path);

    // `changed`: the file may have changed. `moved`: so may what the path leads to, call place()
    // again. Both on the loop, until this ends.
    FileWatch(boost::asio::io_context& loop, const std::string& path, std::function<void()> changed,
              std::function<void()> moved);

    // From now on these, and none of earlier ones.
    void follow(Placed placed);

private:
    void wait();
    void read();

    const std::string name_;
    std::function<void()> changed_, moved_;
    std::shared_ptr<char> alive_ = std::make_shared<char>(); // the wait's handler asks it first
    boost::asio::posix::stream_descriptor inotify_;
    int folder_ = -1, file_ = -1;
};

} // namespace le_run::file_store
