// Gets a credential from a plugin and renews it.
//
// The plugin runs when the credential is first needed, when three quarters of its remaining time
// have passed, and when the server refused it. Runs never overlap. While the plugin fails, or the
// server refuses its credentials, the pauses grow. Until a run succeeds, the old credential stays
// in use, even after it has expired: the server decides whether it still accepts it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "kubernetes/exec_plugin.h"

namespace le_run::kubernetes {

// The loop's thread.
class PluginCredentials {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds kPatience{60};
    static constexpr std::chrono::seconds kShortestPause{1};
    static constexpr std::chrono::seconds kLongestPause{30};

    // `warn` is called once for each series of failures during which an old credential stays in
    // use.
    PluginCredentials(boost::asio::io_context& loop, ExecPlugin plugin,
                      std::function<void(const std::string&)> warn,
                      std::chrono::milliseconds patience = kPatience);

    // The newest credential; null: there is none yet.
    const PluginCredential* current() const { return current_ ? &*current_ : nullptr; }
    unsigned generation() const { return generation_; } // grows with each credential
    // Whether requests should wait for the current run: there is no credential, or it was refused.
    bool is_awaited() const { return !current_ || (was_refused_ && process_ != nullptr); }
    // Why the last run failed, with the plugin's name; nothing: it did not fail.
    const std::optional<std::string>& problem() const { return problem_; }
    // Why there is no credential yet, with the plugin's name.
    std::string why_none() const;

    // Calls `done` when a run has ended, with success or not, or at the deadline; never from
    // inside. Runs the plugin, unless it is running or has just run.
    void async_wait(Clock::time_point deadline, std::function<void()> done);
    // The server refused the credential of that generation. True: waiting for another makes sense.
    bool refused(unsigned generation);

private:
    struct Waiter {
        explicit Waiter(boost::asio::io_context& loop) : deadline(loop) {}
        boost::asio::steady_timer deadline;
        std::function<void()> done;
    };

    bool run();
    void on_end(const PluginRun& run);
    void succeeded(PluginCredential credential);
    void failed(const std::string& problem);
    void run_after(Clock::duration pause);

    boost::asio::io_context& loop_;
    ExecPlugin plugin_;
    std::function<void(const std::string&)> warn_;
    std::chrono::milliseconds patience_;
    boost::asio::steady_timer next_run_;
    std::shared_ptr<PluginProcess> process_; // null: no run
    std::optional<PluginCredential> current_;
    unsigned generation_ = 0;
    bool was_refused_ = false; // the server refused the current credential
    std::optional<std::string> problem_;
    Clock::duration pause_ = kShortestPause; // the pause after the next run without success
    Clock::time_point not_before_{};         // the earliest time of the next run
    std::vector<std::shared_ptr<Waiter>> waiters_;
    std::shared_ptr<char> alive_ = std::make_shared<char>(); // handlers ask if this still lives
};

} // namespace le_run::kubernetes
