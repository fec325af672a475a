// One run of a credential plugin, beside the loop, which never waits for it.
//
// The plugin is a child of le-run, not of the guard: it is no work, and nothing of it is in the
// tree that must be gone before a release. It has a session of its own, no terminal, an empty
// standard input and none of le-run's descriptors, leaves no core file, and dies with le-run.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/types.h>

namespace le_run::kubernetes {

struct PluginCommand {
    std::string program;                  // path to execute
    std::vector<std::string> argv;        // its own name first
    std::vector<std::string> environment; // all of it, "NAME=value"
    std::string folder{};                 // it works there, where that is still possible
};

struct PluginRun {
    std::string problem; // how it failed: "exited with 1"; empty: it exited with 0
    std::string output;  // of standard output; secret
    std::string said;    // the end of standard error; may hold secrets
};

class PluginProcess : public std::enable_shared_from_this<PluginProcess> {
public:
    static constexpr std::size_t kMostOutput = 1024 * 1024;
    static constexpr std::size_t kMostSaid = 1024; // of standard error, its last words

    using Handler = std::function<void(PluginRun)>;

    // Starts it. `ended` is called once, on the loop, never from inside: when it has ended, when
    // it has run for `patience`, or has written more than kMostOutput; then it is killed with its
    // whole process group. Who drops the object kills it, and `ended` is not called.
    static std::shared_ptr<PluginProcess> start(boost::asio::io_context& loop,
                                                const PluginCommand& command,
                                                std::chrono::milliseconds patience, Handler ended);
    ~PluginProcess();
    PluginProcess(const PluginProcess&) = delete;
    PluginProcess& operator=(const PluginProcess&) = delete;

private:
    struct Stream {
        explicit Stream(boost::asio::io_context& loop) : pipe(loop) {}
        boost::asio::posix::stream_descriptor pipe;
        std::string text;
        std::size_t size = 0; // of all that came
    };

    PluginProcess(boost::asio::io_context& loop, Handler ended);
    void launch(const PluginCommand& command, std::chrono::milliseconds patience);
    void wait(Stream& stream);
    bool read(Stream& stream);
    void on_exit();
    void give_up(const std::string& problem);
    void finish(const std::string& problem);
    void kill_group();

    boost::asio::io_context& loop_;
    Handler ended_;
    Stream output_;
    Stream said_;
    boost::asio::posix::stream_descriptor exit_;
    boost::asio::steady_timer timer_;
    pid_t pid_ = -1; // until its end is known
};

} // namespace le_run::kubernetes
