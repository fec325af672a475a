#include "run/release.h"

#include <sys/prctl.h>

#include "check.h"
#include "clock.h"
#include "run/leader_loop.h"
#include "run/lock_store.h"
#include "run/log.h"
#include "run/observed_text.h"
#include "run/wall_clock.h"

namespace le_run {
namespace {

class Releaser {
public:
    Releaser(const Options& options, const LeftBehind& left, Log& log)
        : log_(log), subject_{"", options.election.id, options.program},
          loop_(make_loop(options.lock)),
          leader_(loop_,
                  leader::Leader({options.election, options.stop_signal}, left, Clock().now()),
                  [this](const leader::Effect& effect) {
                      std::visit([this](const auto& e) { carry_out(e); }, effect);
                  }) {
        LockStore opened = open_lock(loop_, options, {}); // its warnings le-run has told
        leader_.use(std::move(opened.store));
        subject_.lock = opened.lock;
    }

    void run() {
        log_.write({LogLevel::kWarning,
                    "in_its_place",
                    "le-run has ended and its process tree is gone: releasing " + subject_.lock +
                        " in its place",
                    {{"lock", subject_.lock}}});
        leader_.step(Tick{});
        loop_.run();
    }

private:
    void carry_out(const leader::Observed& observed) {
        log_.write(line_for(observed, subject_, wall_now()));
    }

    void carry_out(const leader::Ends&) { loop_.stop(); }

    template <class AboutWork>
    void carry_out(const AboutWork&) {
        LE_CHECK(!"no work is left");
    }

    Log& log_;
    Subject subject_;
    boost::asio::io_context& loop_;
    LeaderLoop leader_;
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
