#include "kubernetes/plugin_credentials.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace le_run::kubernetes {

PluginCredentials::PluginCredentials(boost::asio::io_context& loop, ExecPlugin plugin,
                                     std::function<void(const std::string&)> warn,
                                     std::chrono::milliseconds patience)
    : loop_(loop), plugin_(std::move(plugin)), warn_(std::move(warn)), patience_(patience),
      next_run_(loop) {}

std::string PluginCredentials::why_none() const {
    return problem_ ? *problem_ : describe_failure(plugin_, {"has not answered yet", "", ""});
}

void PluginCredentials::async_wait(Clock::time_point deadline, std::function<void()> done) {
    const auto waiter = waiters_.emplace_back(std::make_shared<Waiter>(loop_));
    waiter->done = std::move(done);
    waiter->deadline.expires_at(deadline);
    waiter->deadline.async_wait(
        [this, weak = std::weak_ptr(waiter)](boost::system::error_code cancelled) {
            const auto late = weak.lock();
            if (!late || cancelled) {
                return;
            }
            std::erase(waiters_, late);
            late->done();
        });
    run();
}

bool PluginCredentials::refused(unsigned generation) {
    if (generation != generation_) {
        return true; // there is a newer credential already
    }
    was_refused_ = true;
    return process_ != nullptr || run();
}

bool PluginCredentials::run() {
    if (process_ != nullptr || Clock::now() < not_before_) {
        return false;
    }
    next_run_.cancel();
    process_ = PluginProcess::start(loop_, plugin_.command, patience_,
                                    [this](const PluginRun& run) { on_end(run); });
    return true;
}

void PluginCredentials::run_after(Clock::duration pause) {
    next_run_.expires_after(pause);
    next_run_.async_wait(
        [this, alive = std::weak_ptr(alive_)](boost::system::error_code cancelled) {
            if (!cancelled && !alive.expired()) {
                run();
            }
        });
}

void PluginCredentials::on_end(const PluginRun& run) {
    process_.reset();
    if (!run.problem.empty()) {
        failed(describe_failure(plugin_, run));
    } else {
        auto answer = parse_plugin_answer(run.output, plugin_.api_version);
        if (const auto* wrong = std::get_if<std::string>(&answer)) {
            failed(describe_failure(plugin_, {*wrong, run.output, run.said}));
        } else {
            succeeded(std::get<PluginCredential>(std::move(answer)));
        }
    }
    // Takes the list before the calls: a call may wait again, or destroy this object.
    std::vector<std::function<void()>> calls;
    for (const auto& waiter : std::exchange(waiters_, {})) {
        calls.push_back(std::move(waiter->done));
    }
    const std::weak_ptr<char> alive = alive_;
    for (const auto& call : calls) {
        if (!alive.expired()) {
            call();
        }
    }
}

void PluginCredentials::succeeded(PluginCredential credential) {
    using Seconds = std::chrono::duration<double>;
    const bool did_help = !std::exchange(was_refused_, false);
    const auto left = credential.expires
                          ? Seconds(*credential.expires - std::chrono::system_clock::now())
                          : Seconds::max();
    if (did_help && left > Seconds::zero()) {
        pause_ = kShortestPause;
    }
    not_before_ = Clock::now() + pause_;
    problem_.reset();
    ++generation_;
    current_ = std::move(credential);
    if (current_->expires) {
        const auto due = std::chrono::duration_cast<Clock::duration>(left * 3 / 4);
        run_after(std::max(due, pause_));
    }
    pause_ = std::min<Clock::duration>(2 * pause_, kLongestPause);
}

void PluginCredentials::failed(const std::string& problem) {
    const bool is_first = !std::exchange(problem_, problem).has_value();
    if (is_first && current_ && warn_) {
        warn_(problem + "; the old credential stays in use");
    }
    not_before_ = Clock::now() + pause_;
    run_after(pause_);
    pause_ = std::min<Clock::duration>(2 * pause_, kLongestPause);
}

} // namespace le_run::kubernetes
