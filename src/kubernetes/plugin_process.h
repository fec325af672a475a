// One run of a credential plugin. The loop never waits for it.
//
// The plugin is a child of le-run, not of the guard, because it is not part of the work: a release
// need not wait for it. It has its own session, no terminal, an empty standard input and none of
// le-run's descriptors. It leaves no core file and dies with le-run.
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
    std::vector<std::string> argv;        // begins with the program's name
    std::vector<std::string> environment; // its whole environment, "NAME=value"
    std::string folder{};                 // its working directory, if it still exists
};

struct PluginRun {
    std::string problem; // how it failed, such as "exited with 1"; empty: it exited with 0
    std::string output;  // its standard output; secret
    std::string said;    // the end of its standard error; may contain secrets
};

class PluginProcess : public std::enable_shared_from_this<PluginProcess> {
public:
    static constexpr std::size_t kMostOutput = 1024 * 1024;
    static constexpr std::size_t kMostSaid = 1024; // keeps the last bytes of standard error

    using Handler = std::function<void(PluginRun)>;

    // Starts the plugin. `ended` is called once, on the loop, never from inside, when the plugin
    // has ended. A plugin that runs longer than `patience`, or writes more than kMostOutput, is
    // killed with its process group. Destroying the object also kills it, without calling `ended`.
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
        std::size_t size = 0; // of all bytes that came
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
    pid_t pid_ = -1; // -1 after the plugin's end is known
};

} // namespace le_run::kubernetes
