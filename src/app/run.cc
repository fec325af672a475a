#include "app/run.h"

#include <charconv>
#include <csignal>

#include <unistd.h>

#include "app/drain.h"
#include "app/exit_status.h"
#include "app/guard_link.h"
#include "app/leader_loop.h"
#include "app/signal_source.h"
#include "app/spare_pages.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/exit_code.h"
#include "base/wall_clock.h"
#include "observe/log.h"
#include "observe/observed_text.h"
#include "options/environment.h"
#include "process/start_folder.h"
#include "store/open.h"

namespace le_run::app {
namespace {

bool was_ignored_at_start(int signal) {
    struct sigaction action{};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

class Runner {
public:
    Runner(const options::Options& options, guard::GuardProcess guard, observe::Log& log)
        : options_(options), log_(log), subject_{"", options.election.id, options.program},
          loop_(store::make_loop(options.lock)),
          leader_(loop_, leader::Leader({options.election, options.stop_signal}, Clock().now()),
                  [this](const leader::Effect& effect) {
                      std::visit([this](const auto& e) { carry_out(e); }, effect);
                  }),
          guard_(loop_, guard,
                 {[this](const guard::FromGuard& message) { leader_.step(message); },
                  [this](const std::string& how) { leader_.step(leader::GuardLost{how}); },
                  [this](std::uint32_t killed) { leader_.step(leader::TreeSwept{killed}); },
                  [this](const std::string& text) { warn("guard", text); }}),
          drain_(loop_, options, guard.pid,
                 [this](const observe::LogLine& line) { log_.write(line); }),
          signals_(loop_, [this](const signalfd_siginfo& info) { on_signal(info); }) {}

    int run() {
        store::OpenedLock opened = store::open_lock(
            loop_, options_.lock,
            {options_.environment, [this](const std::string& text) { warn("credentials", text); }});
        leader_.use(std::move(opened.store));
        subject_.lock = opened.lock;
        process::leave_start_folder();
        for (const std::string& text : opened.warnings) {
            warn("kubeconfig", text);
        }
        if (!options_.cpu_limit_warning.empty()) {
            warn("cpu_limit", options_.cpu_limit_warning);
        }
        warn_of_privileges();
        guard_.set_lambda(options_.election.timing.lambda);
        leader_.step(election::Tick{});
        loop_.run();
        leader_.close_store(); // also ends a credential plugin that is still running
        return exit_code_;
    }

private:
    void carry_out(const leader::StartRun& start) {
        warn_of_wide_token(start.token);
        LE_CHECK(guard_.start(start.run, start.term_at, start.kill_at, start.acquire_time,
                              {std::string(options::kHeldLock) + "=" + subject_.lock,
                               std::string(options::kHolderIdentity) + "=" + subject_.id.text,
                               std::string(options::kFencingToken) + "=" + start.token.text}));
    }

    void carry_out(const leader::ExtendRun& extend) {
        guard_.extend(extend.term_at, extend.kill_at);
    }

    void carry_out(const leader::StopRun& stop) {
        drain_.begins({stop.cause, stop.kill_at});
        guard_.stop(stop.signal, stop.kill_at,
                    election::is_lease_lost(stop.cause) ? GuardLink::Lease::kLost
                                                        : GuardLink::Lease::kHeld);
    }

    void carry_out(const leader::PassOn& pass) { guard_.pass_on(pass.signal); }

    void carry_out(const leader::SettleRun& settle) { guard_.settled(settle.run); }

    void carry_out(const leader::Observed& observed) {
        std::visit([this](const auto& o) { tell_drain(o); }, observed);
        log_.write(observe::line_for(observed, subject_, wall_now()));
        if (std::holds_alternative<leader::ChildStarted>(observed)) {
            drop_start_pages();
        }
    }

    void carry_out(const leader::Ends& ends) {
        exit_code_ = exit_status(ends);
        const bool is_error = exit_code_ == kExitCannot;
        const std::string why = ends.text.empty() ? "" : ": " + ends.text;
        log_.write({is_error ? observe::LogLevel::kError : observe::LogLevel::kInfo,
                    "ends",
                    "ends with exit code " + std::to_string(exit_code_) + why,
                    {{"exit_code", std::to_string(exit_code_)}}});
        loop_.stop();
    }

    template <class AboutStore>
    void carry_out(const AboutStore&) {
        LE_CHECK(!"the leader's loop sees to the store");
    }

    void tell_drain(const leader::OthersLeft&) { drain_.child_ended(); }
    void tell_drain(const leader::TreeGone& gone) { drain_.tree_is_gone(gone.child.gone); }
    void tell_drain(const leader::GuardLost&) { drain_.guard_is_lost(); }
    template <class Other>
    void tell_drain(const Other&) {}

    void on_signal(const signalfd_siginfo& info) {
        const auto number = static_cast<int>(info.ssi_signo);
        if (number == SIGCHLD) {
            guard_.children_changed();
            return;
        }
        // A write of le-run's own to a broken pipe (log, channel): no signal from outside.
        if (number == SIGPIPE && info.ssi_pid == static_cast<std::uint32_t>(::getpid())) {
            return;
        }
        leader_.step(leader::SignalCame{.number = number,
                                        .pid = info.ssi_pid,
                                        .is_from_kernel = info.ssi_code > 0,
                                        .was_ignored = was_ignored_at_start(number)});
    }

    void warn(const std::string& event, const std::string& text) {
        log_.write({observe::LogLevel::kWarning, event, text, {}});
    }

    // etcd's revisions and most database columns have 64 bits. The Kubernetes API allows 128.
    void warn_of_wide_token(const election::FencingToken& token) {
        std::int64_t value = 0;
        const char* end = token.text.data() + token.text.size();
        if (std::from_chars(token.text.data(), end, value).ec == std::errc::result_out_of_range) {
            warn("wide_token", "the fencing token " + token.text +
                                   " does not fit into a signed 64-bit integer, because this "
                                   "server's resource versions do not: give it a column of 39 "
                                   "decimal digits");
        }
    }

    void warn_of_privileges() {
        if (options_.allow_new_privileges) {
            warn("new_privileges", "--allow-new-privileges: a setuid program started by the child "
                                   "may outlive the lease, because le-run "
                                   "may not be allowed to kill it");
        }
    }

    const options::Options& options_;
    observe::Log& log_;
    observe::Subject subject_;
    boost::asio::io_context& loop_;
    LeaderLoop leader_;
    GuardLink guard_;
    Drain drain_;
    SignalSource signals_;
    int exit_code_ = kExitCannot;
};

} // namespace

int run(const options::Options& options, guard::GuardProcess guard) {
    // Never deleted: joining the log thread would hang if nobody reads standard error.
    auto& log = *new observe::Log(options.log_level, options.log_format);
    int code = kExitCannot;
    try {
        auto& runner = *new Runner(options, guard, log);
        code = runner.run();
    } catch (const std::exception& error) { // ConfigError, or the kernel refuses something
        log.write({observe::LogLevel::kError, "cannot", error.what(), {}});
    }
    log.flush();
    return code;
}

} // namespace le_run::app
