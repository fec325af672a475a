#include "run/run.h"

#include <charconv>
#include <csignal>
#include <set>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "check.h"
#include "clock.h"
#include "duration_text.h"
#include "election/election.h"
#include "exit_code.h"
#include "options/environment.h"
#include "run/boottime_timer.h"
#include "run/drain.h"
#include "run/exit_status.h"
#include "run/guard_link.h"
#include "run/lock_store.h"
#include "run/log.h"
#include "run/report_text.h"
#include "run/signal_rules.h"
#include "run/signal_source.h"
#include "run/start_pages.h"
#include "run/wall_clock.h"
#include "signal_names.h"
#include "start_folder.h"

namespace le_run {
namespace {

// What container runtimes and pods leave a program to end, where nobody says more.
constexpr Duration kUsualDrain = std::chrono::seconds(30);

bool was_ignored_at_start(int signal) {
    struct sigaction action {};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

class Runner {
public:
    Runner(const Options& options, GuardProcess guard, Log& log)
        : options_(options), log_(log), subject_{"", options.election.id},
          loop_(make_loop(options.lock)), election_(options.election, clock_.now()),
          guard_(loop_, guard,
                 {[this](const FromGuard& message) {
                      std::visit([&](const auto& m) { on(m); }, message);
                  },
                  [this](const std::string& how) { on_guard_lost(how); },
                  [this](std::uint32_t killed) { on_swept(killed); },
                  [this](const std::string& text) { warn("guard", text); }}),
          drain_(loop_, options, guard.pid, [this](const LogLine& line) { log_.write(line); }),
          wakeup_(loop_, [this] { step(Tick{}); }),
          signals_(loop_, [this](const signalfd_siginfo& info) { on_signal(info); }) {}

    int run() {
        LockStore opened = open_lock(
            loop_, options_, [this](const std::string& text) { warn("credentials", text); });
        store_ = std::move(opened.store);
        subject_.lock = opened.lock;
        leave_start_folder();
        for (const std::string& text : opened.warnings) {
            warn("kubeconfig", text);
        }
        if (!options_.cpu_limit_warning.empty()) {
            warn("cpu_limit", options_.cpu_limit_warning);
        }
        warn_of_privileges();
        guard_.set_lambda(options_.election.timing.lambda);
        step(Tick{});
        loop_.run();
        store_.reset(); // with a credential plugin that is still running
        return exit_code_;
    }

private:
    // --- the election ---

    void step(const Fact& fact) {
        election_.step(clock_.now(), wall_now(), fact);
        for (const Action& action : election_.take_actions()) {
            std::visit([&](const auto& a) { act(a); }, action);
        }
        if (const auto state = election_.state();
            state == Election::State::kStandby || state == Election::State::kDone) {
            guard_.settled();
        }
        if (const auto wait = election_.next_wakeup(clock_.now())) {
            wakeup_.arm(*wait);
        } else {
            wakeup_.disarm();
        }
    }

    void act(const ReadLease& read) {
        store_->async_read(
            read.timeout,
            [this, attempt = read.attempt](ReadOutcome outcome) {
                step(ReadAnswered{attempt, std::move(outcome)});
                watch();
            },
            read.late);
    }

    void act(const WriteLease& write) {
        store_->async_write(
            write.record, write.base, write.timeout,
            [this, attempt = write.attempt](WriteOutcome outcome) {
                step(WriteAnswered{attempt, std::move(outcome)});
                watch();
            },
            write.late);
    }

    // Begun once the store has answered, and after a free lease was taken: nothing comes before
    // that.
    void watch() {
        const auto state = election_.state();
        if (is_watching_ || state == Election::State::kAcquiring ||
            state == Election::State::kDone) {
            return;
        }
        is_watching_ = true;
        store_->watch([this](WatchNews news) {
            if (std::holds_alternative<WatchWorks>(news)) {
                log_.write({LogLevel::kDebug, "watching", "watching " + subject_.lock, {}});
            }
            step(Watched{std::move(news)});
        });
    }

    void act(const StartWork& start) {
        child_.reset();
        failed_.reset();
        told_.reset();
        warn_of_wide_token(start.token);
        LE_CHECK(guard_.start(start.term_at, start.kill_at, start.acquire_time.microseconds,
                              {std::string(kHeldLock) + "=" + subject_.lock,
                               std::string(kHolderIdentity) + "=" + subject_.id.text,
                               std::string(kFencingToken) + "=" + start.token.text}));
    }

    void act(const ExtendWork& extend) { guard_.extend(extend.term_at, extend.kill_at); }

    void act(const StopWork& stop) {
        drain_.begins(stop);
        switch (stop.cause) {
        case StopCause::kStepDown:
            guard_.stop(requested_signal_, stop.kill_at, GuardLink::Lease::kHeld);
            break;
        case StopCause::kMargin:
            guard_.stop(options_.stop_signal, stop.kill_at, GuardLink::Lease::kHeld);
            break;
        case StopCause::kRenewDeadline:
            // The guard has the same deadline: it sends the signal, once.
            guard_.stop(0, stop.kill_at, GuardLink::Lease::kHeld);
            break;
        case StopCause::kOtherHolder:
        case StopCause::kVanished:
            guard_.stop(0, stop.kill_at, GuardLink::Lease::kLost); // no time to ask
            break;
        }
    }

    void act(const Report& report) {
        if (report.event == Report::Event::kContending ||
            report.event == Report::Event::kNotContending) {
            child_.reset(); // what follows is not about the last child any more
        }
        log_.write(line_for(report, subject_, wall_now()));
    }

    void act(const Finish& finish) {
        exit_code_ = exit_status(finish.ending, child_, requested_signal_);
        const bool is_error = exit_code_ == kExitCannot;
        const std::string why = finish.text.empty() ? "" : ": " + finish.text;
        log_.write({is_error ? LogLevel::kError : LogLevel::kInfo,
                    "ends",
                    "ends with exit code " + std::to_string(exit_code_) + why,
                    {{"exit_code", std::to_string(exit_code_)}}});
        loop_.stop();
    }

    // --- the guard and the child ---

    void on(const Started& started) {
        log_.write({LogLevel::kInfo,
                    "started",
                    "started the child, pid " + std::to_string(started.pid),
                    {{"pid", std::to_string(started.pid)}}});
        drop_start_pages();
    }

    void on(const Failed& failed) { failed_ = failed; }

    void on(const Ended& ended) {
        drain_.child_ended();
        Gone so_far;
        so_far.wait_status = ended.wait_status;
        const bool has_succeeded =
            WIFEXITED(ended.wait_status) && WEXITSTATUS(ended.wait_status) == 0;
        if (has_succeeded && requested_signal_ == 0 && !told_) {
            warn("left_behind",
                 "the child exited with 0 but left processes behind, as a program does that goes "
                 "into the background; le-run asks them to stop now, because the work is over when "
                 "the child ends. Tell the program to stay in the foreground (nginx -g 'daemon "
                 "off;', httpd -DFOREGROUND, haproxy -db, or an option such as -F, -n, "
                 "--foreground, --nodaemon), or let a script wait for its jobs");
            return;
        }
        log_.write({LogLevel::kInfo,
                    "child_ended",
                    "the child " + describe({so_far, {}}, options_.program) +
                        "; what it left behind is asked to stop",
                    {}});
    }

    void on(const Gone& gone) {
        drain_.tree_is_gone(gone);
        child_ = ChildEnd{gone, failed_};
        std::string how = "the child " + describe(*child_, options_.program);
        if (gone.left_behind > 0) {
            how += "; " + std::to_string(gone.left_behind) + " of its descendants had to be killed";
        }
        log_.write({LogLevel::kInfo, "tree_gone", "tree gone: " + how, {{"how", how}}});
        step(WorkGone{work_end(gone)});
    }

    void on(const Late& late) { step(WokeLate{Duration(late.nanoseconds)}); }

    // A CPU limit makes killing slower as it does the rest.
    void on(const TreeSize& size) {
        const double slowness =
            std::chrono::duration<double>(options_.election.timing.kappa) / Timing::kLeastMargin;
        const Duration kappa(
            static_cast<std::int64_t>(slowness * static_cast<double>(size.kill_nanoseconds)));
        log_.write({LogLevel::kDebug,
                    "tree_size",
                    "the child's tree has " + std::to_string(size.processes) +
                        " processes; killing it may take " + format_duration(kappa),
                    {{"processes", std::to_string(size.processes)}}});
        step(TreeMeasured{kappa, size.processes});
    }

    void on(const Pong&) {}

    WorkEnd work_end(const Gone& gone) {
        switch (gone.cause) {
        case EndCause::kByItself:
            return was_told_to_end(gone) ? WorkEnd::kToldToEnd : WorkEnd::kByItself;
        case EndCause::kStopAsked:
            return WorkEnd::kStopped;
        case EndCause::kDeadline:
        case EndCause::kLeRunLost:
            return WorkEnd::kDeadline;
        case EndCause::kNotStarted:
            return failed_ ? WorkEnd::kByItself : WorkEnd::kStopped;
        }
        return WorkEnd::kStopped;
    }

    // By a signal that le-run passed on, whatever it means to the child: one that ends soon after
    // it ends because of it.
    bool was_told_to_end(const Gone& gone) {
        if (!told_ || failed_) {
            return false;
        }
        const bool by_it =
            WIFSIGNALED(gone.wait_status) && WTERMSIG(gone.wait_status) == told_->signal;
        const Duration drain = options_.election.stop_grace.value_or(kUsualDrain);
        return by_it || !has_passed_for_holder(clock_.now(), told_->at + drain);
    }

    void on_guard_lost(const std::string& how) {
        drain_.guard_is_lost();
        log_.write({LogLevel::kError, "guard_lost", how, {}});
        step(StepDownAsked{StepDownReason::kGuardLost});
    }

    void on_swept(std::uint32_t killed) {
        log_.write({LogLevel::kInfo,
                    "tree_gone",
                    "tree gone: le-run killed " + std::to_string(killed) + " processes itself",
                    {}});
        step(WorkGone{WorkEnd::kGuardLost});
    }

    // --- signals ---

    void on_signal(const signalfd_siginfo& info) {
        const auto number = static_cast<int>(info.ssi_signo);
        if (number == SIGCHLD) {
            guard_.children_changed();
            return;
        }
        // A broken pipe of our own (log, channel) comes as SIGPIPE to ourselves.
        if (number == SIGPIPE && info.ssi_pid == static_cast<std::uint32_t>(::getpid())) {
            return;
        }
        const bool runs = guard_.is_run_under_way();
        switch (meaning_of(number, {.stop_signal = options_.stop_signal,
                                    .child_runs = runs,
                                    .is_stop_asked = requested_signal_ != 0,
                                    .is_hup_ignored = was_ignored_at_start(SIGHUP),
                                    .is_from_kernel = info.ssi_code > 0})) {
        case SignalMeaning::kStop:
            on_stop_asked(info);
            break;
        case SignalMeaning::kPassOn:
            if (ends_by_default(number)) {
                told_ = Told{number, clock_.now()};
            }
            guard_.pass_on(number);
            break;
        case SignalMeaning::kNothing:
            if (!runs && ends_by_default(number) && !was_ignored_at_start(number)) {
                warn_of_unused(info);
            }
            break;
        }
    }

    // An image's STOPSIGNAL would be lost here, and the standby would take the lease that the
    // stopping leader releases.
    void warn_of_unused(const signalfd_siginfo& info) {
        const std::string name = signal_name(static_cast<int>(info.ssi_signo));
        if (unused_signals_.insert(name).second) {
            warn("signal_unused", name + " from pid " + std::to_string(info.ssi_pid) +
                                      " means nothing on standby; if it is to stop le-run (the "
                                      "STOPSIGNAL of an image), set --stop-signal " +
                                      name + " or STOPSIGNAL SIGTERM");
        }
    }

    void on_stop_asked(const signalfd_siginfo& info) {
        const auto number = static_cast<int>(info.ssi_signo);
        log_.write(
            {LogLevel::kInfo,
             "stop_asked",
             signal_name(number) + " from pid " + std::to_string(info.ssi_pid) + " asks for a stop",
             {}});
        requested_signal_ = number == SIGINT ? SIGINT : options_.stop_signal;
        const bool was_stopping = election_.state() == Election::State::kStopping;
        step(StepDownAsked{StepDownReason::kAsked});
        if (was_stopping) { // for another cause: then no StopWork has just sent it
            guard_.pass_on(requested_signal_);
        }
    }

    // --- small things ---

    void warn(const std::string& event, const std::string& text) {
        log_.write({LogLevel::kWarning, event, text, {}});
    }

    // etcd counts with 64 bits, and so do columns for the token; the API allows 128.
    void warn_of_wide_token(const FencingToken& token) {
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
                                   "may outlive its lease, because le-run "
                                   "may not be allowed to kill it");
        }
    }

    const Options& options_;
    Log& log_;
    Subject subject_;
    Clock clock_;
    boost::asio::io_context& loop_;
    Election election_;
    std::unique_ptr<LeaseStore> store_;
    GuardLink guard_;
    Drain drain_;
    BoottimeTimer wakeup_;
    SignalSource signals_;
    bool is_watching_ = false;
    struct Told { // to end, by a signal that was passed on
        int signal;
        TimePoint at;
    };

    std::optional<Failed> failed_;         // of the run under way
    std::optional<Told> told_;             // of the run under way
    std::set<std::string> unused_signals_; // that the log has told of
    std::optional<ChildEnd> child_;        // how the child of this leadership ended
    int requested_signal_ = 0; // what a requested stop sends to the child; 0: none was asked for
    int exit_code_ = kExitCannot;
};

} // namespace

int run(const Options& options, GuardProcess guard) {
    // Left to the process's end: joining a log thread that nobody reads from would hang.
    auto& log = *new Log(options.log_level, options.log_format);
    int code = kExitCannot;
    try {
        auto& runner = *new Runner(options, guard, log);
        code = runner.run();
    } catch (
        const std::exception& error) { // StoreConfigError, and what the kernel refuses at start
        log.write({LogLevel::kError, "cannot", error.what(), {}});
    }
    log.flush();
    return code;
}

} // namespace le_run
