#include "run/release.h"

#include <sys/prctl.h>

#include "check.h"
#include "clock.h"
#include "election/election.h"
#include "run/boottime_timer.h"
#include "run/lock_store.h"
#include "run/log.h"
#include "run/report_text.h"
#include "run/wall_clock.h"

namespace le_run {
namespace {

class Releaser {
public:
    Releaser(const Options& options, const LeftBehind& left, Log& log)
        : log_(log), subject_{"", options.election.id}, loop_(make_loop(options.lock)),
          election_(options.election, left, clock_.now()),
          wakeup_(loop_, [this] { step(Tick{}); }) {
        LockStore opened = open_lock(loop_, options, {}); // its warnings le-run has told
        store_ = std::move(opened.store);
        subject_.lock = opened.lock;
    }

    void run() {
        log_.write({LogLevel::kWarning,
                    "in_its_place",
                    "le-run has ended and its process tree is gone: releasing " + subject_.lock +
                        " in its place",
                    {{"lock", subject_.lock}}});
        step(Tick{});
        loop_.run();
    }

private:
    void step(const Fact& fact) {
        election_.step(clock_.now(), wall_now(), fact);
        for (const Action& action : election_.take_actions()) {
            std::visit([this](const auto& a) { act(a); }, action);
        }
        if (const auto wait = election_.next_wakeup(clock_.now())) {
            wakeup_.arm(*wait);
        }
    }

    void act(const ReadLease& read) {
        store_->async_read(
            read.timeout,
            [this, attempt = read.attempt](ReadOutcome outcome) {
                step(ReadAnswered{attempt, std::move(outcome)});
            },
            read.late);
    }

    void act(const WriteLease& write) {
        store_->async_write(
            write.record, write.base, write.timeout,
            [this, attempt = write.attempt](WriteOutcome outcome) {
                step(WriteAnswered{attempt, std::move(outcome)});
            },
            write.late);
    }

    void act(const Report& report) { log_.write(line_for(report, subject_, wall_now())); }
    void act(const Finish&) { loop_.stop(); }

    template <class AboutWork>
    void act(const AboutWork&) {
        LE_CHECK(!"no work is left");
    }

    Log& log_;
    Subject subject_;
    Clock clock_;
    boost::asio::io_context& loop_;
    Election election_;
    std::unique_ptr<LeaseStore> store_;
    BoottimeTimer wakeup_;
};

} // namespace

void release(const Options& options, const LeftBehind& left) {
    ::prctl(PR_SET_DUMPABLE, 0); // tokens and keys will be in memory
    // Both are left to the process's end, as in run().
    auto& log = *new Log(options.log_level, options.log_format);
    try {
        auto& releaser = *new Releaser(options, left, log);
        releaser.run();
    } catch (const std::exception& error) {
        log.write({LogLevel::kWarning,
                   "not_released",
                   std::string("not released the lease of a dead le-run: ") + error.what(),
                   {{"cause", error.what()}}});
    }
    log.flush();
}

} // namespace le_run
