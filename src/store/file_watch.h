// Tells when a lease file may have changed, by inotify on its folder: the file may be replaced,
// deleted and created again.
//
// A writer touches the file's times after each write (lease_file.cc), because what happens in a
// shared mapping tells nobody. A hint only: a writer that dies in between tells nothing either.
//
// Threads: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>

namespace le_run {

class FileWatch {
public:
    // `path`: absolute. `changed` is called on the loop until this ends.
    FileWatch(boost::asio::io_context& loop, const std::string& path,
              std::function<void()> changed);

    // Begins; why it cannot, in one line for people.
    std::optional<std::string> begin();

private:
    void wait();
    void read();

    const std::string folder_, name_;
    std::function<void()> changed_;
    std::shared_ptr<char> alive_ = std::make_shared<char>(); // the wait's handler asks it first
    boost::asio::posix::stream_descriptor inotify_;
};

} // namespace le_run
