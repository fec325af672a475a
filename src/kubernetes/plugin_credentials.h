// The credential that a plugin gives, kept fresh.
//
// The plugin is run when the credential is first asked for, when three quarters of what was left of
// its time have passed, and when the server refused it; never twice at once, and with growing
// pauses while it fails or what it gives is refused. Until a run has worked the old credential
// stays, also past its time: the server is the judge of that.
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

    // `warn` hears once of each series of failures that a credential outlives.
    PluginCredentials(boost::asio::io_context& loop, ExecPlugin plugin,
                      std::function<void(const std::string&)> warn,
                      std::chrono::milliseconds patience = kPatience);

    // The last one; null before the first.
    const PluginCredential* current() const { return current_ ? &*current_ : nullptr; }
    unsigned generation() const { return generation_; } // grows with each
    // Whether requests should wait for the run under way: there is nothing yet, or it was refused.
    bool is_awaited() const { return !current_ || (was_refused_ && process_ != nullptr); }
    // Why the last run failed, naming the plugin; nothing: it did not.
    const std::optional<std::string>& problem() const { return problem_; }
    // Why there is no credential yet, the same way.
    std::string why_none() const;

    // Calls `done` when a run has ended, well or not, or at the deadline; never from inside.
    // Runs the plugin unless it is running or had its last run just now.
    void async_wait(Clock::time_point deadline, std::function<void()> done);
    // The server refused the credential of that generation: whether waiting for another has a
    // sense.
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
    std::shared_ptr<PluginProcess> process_; // null: none is under way
    std::optional<PluginCredential> current_;
    unsigned generation_ = 0;
    bool was_refused_ = false; // the current one
    std::optional<std::string> problem_;
    Clock::duration pause_ = kShortestPause; // after the next run that does not help
    Clock::time_point not_before_{};         // the next run
    std::vector<std::shared_ptr<Waiter>> waiters_;
    std::shared_ptr<char> alive_ = std::make_shared<char>(); // the timers' handlers ask it first
};

} // namespace le_run::kubernetes
