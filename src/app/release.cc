#include "app/release.h"

#include <sys/prctl.h>

#include "app/leader_loop.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/wall_clock.h"
#include "observe/log.h"
#include "observe/observed_text.h"
#include "store/open.h"

namespace le_run::app {
namespace {

class Releaser {
public:
    Releaser(const options::Options& options, const election::LeftBehind& left, observe::Log& log)
        : log_(log), subject_{"", options.election.id, options.program},
          loop_(store::make_loop(options.lock)),
          leader_(loop_,
                  leader::Leader({options.election, options.stop_signal}, left, Clock().now()),
                  [this](const leader::Effect& effect) {
                      std::visit([this](const auto& e) { carry_out(e); }, effect);
                  }) {
        // Without warnings: le-run has logged them.
        store::OpenedLock opened = store::open_lock(loop_, options.lock, {options.environment});
        leader_.use(std::move(opened.store));
        subject_.lock = opened.lock;
    }

    void run() {
        log_.write({observe::LogLevel::kWarning,
                    "in_its_place",
                    "le-run has ended and its process tree is gone: releasing " + subject_.lock +
                        " in its place",
                    {{"lock", subject_.lock}}});
        leader_.step(election::Tick{});
        loop_.run();
    }

private:
    void carry_out(const leader::Observed& observed) {
        log_.write(observe::line_for(observed, subject_, wall_now()));
    }

    void carry_out(const leader::Ends&) { loop_.stop(); }

    template <class AboutWork>
    void carry_out(const AboutWork&) {
        LE_CHECK(!"no work is left");
    }

    observe::Log& log_;
    observe::Subject subject_;
    boost::asio::io_context& loop_;
    LeaderLoop leader_;
};

} // namespace

void release(const options::Options& options, const election::LeftBehind& left) {
    ::prctl(PR_SET_DUMPABLE, 0); // tokens and keys will be in memory
    // Log and Releaser are never deleted, as in run().
    auto& log = *new observe::Log(options.log_level, options.log_format);
    try {
        auto& releaser = *new Releaser(options, left, log);
        releaser.run();
    } catch (const std::exception& error) {
        log.write({observe::LogLevel::kWarning,
                   "not_released",
                   std::string("the lease of a dead le-run was not released: ") + error.what(),
                   {{"cause", error.what()}}});
    }
    log.flush();
}

} // namespace le_run::app
