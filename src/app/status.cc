#include "app/status.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "base/config_error.h"
#include "base/exit_code.h"
#include "base/wall_clock.h"
#include "observe/lease_text.h"
#include "process/boottime_timer.h"
#include "process/start_folder.h"
#include "store/open.h"

namespace le_run::app {
namespace {

using State = observe::LeaseView::State;

// How often the state is checked: time alone can make a record stale.
constexpr Duration kLookAtClock = std::chrono::milliseconds(250);

// Reads and watches one lease until `look` returns an exit code.
class Onlooker {
public:
    // What is known of the lease at one moment. `lock`: its full name.
    struct Sight {
        const observe::LeaseView& view;
        const std::string& lock;
        TimePoint now;
        WallTime wall;
        State state;
    };
    // `look` is called after each answer and each check of the clock. An exit code ends run().
    using Look = std::function<std::optional<int>(const Sight&)>;

    Onlooker(const options::Options& options, Look look)
        : options_(options), look_(std::move(look)), loop_(store::make_loop(options.lock)),
          view_(options.election.timing.lease_duration), clock_timer_(loop_, [this] { tick(); }),
          read_timer_(loop_, [this] { read(); }) {
        opened_ = store::open_lock(loop_, options.lock, {options.environment});
        process::leave_start_folder();
    }

    int run() {
        read();
        tick();
        loop_.run();
        opened_.store.reset(); // also ends a credential plugin that is still running
        return *exit_code_;
    }

private:
    void read() {
        opened_.store->async_read(
            options_.election.timing.request_timeout(), [this](const election::ReadOutcome& seen) {
                if (const auto* failure = std::get_if<election::Failure>(&seen)) {
                    failed(*failure);
                } else {
                    saw(seen);
                    watch();
                }
                read_timer_.arm(until_next_read());
            });
    }

    // Begins when the first answer was not enough, so that a short look costs one request.
    void watch() {
        if (!exit_code_ && !std::exchange(is_watching_, true)) {
            opened_.store->watch([this](const election::WatchNews& news) { told(news); });
        }
    }

    void told(const election::WatchNews& news) {
        if (const auto* found = std::get_if<election::StoredLease>(&news)) {
            saw(*found);
        } else if (std::holds_alternative<election::Absent>(news)) {
            saw(election::Absent{});
        } else if (const auto* works = std::get_if<election::WatchWorks>(&news)) {
            does_watch_work_ = true;
            if (!works->is_seamless) { // something may have been missed
                read_timer_.arm(Duration::zero());
            }
        } else {
            does_watch_work_ = false;
            read_timer_.arm(until_next_read());
        }
    }

    // A watch that works may still be blind. So the lease is also read, some times in its duration:
    // a holder that renews is never taken for a dead one.
    Duration until_next_read() const {
        const Duration retry_period = options_.election.timing.retry_period;
        return does_watch_work_ ? std::max(retry_period, view_.duration() / 3) : retry_period;
    }

    void saw(const election::ReadOutcome& seen) {
        has_answered_ = true;
        last_trouble_.clear();
        view_.saw(clock_.now(), seen);
        look();
    }

    // A failure of the first request ends run(). A store that has answered once may come back.
    void failed(const election::Failure& failure) {
        if (failure.text == last_trouble_) {
            return;
        }
        last_trouble_ = failure.text;
        std::fprintf(stderr, "le-run: %s\n", failure.text.c_str());
        if (!has_answered_) {
            end(kExitCannot);
        }
    }

    void tick() {
        look();
        clock_timer_.arm(kLookAtClock);
    }

    void look() {
        if (exit_code_) {
            return;
        }
        const TimePoint now = clock_.now();
        const WallTime wall = wall_now();
        if (const auto code = look_({view_, opened_.lock, now, wall, view_.state(now, wall)})) {
            end(*code);
        }
    }

    void end(int code) {
        exit_code_ = code;
        loop_.stop();
    }

    const options::Options& options_;
    Look look_;
    boost::asio::io_context& loop_;
    store::OpenedLock opened_;
    Clock clock_;
    observe::LeaseView view_;
    process::BoottimeTimer clock_timer_;
    process::BoottimeTimer read_timer_;
    bool has_answered_ = false;
    bool is_watching_ = false;
    bool does_watch_work_ = false;
    std::string last_trouble_;
    std::optional<int> exit_code_;
};

int code_of(State state) {
    return state == State::kLeads  ? kExitSomebodyLeads
           : state == State::kFree ? kExitNobodyLeads
                                   : kExitStaleLeader;
}

void print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

// The Onlooker is never deleted, as in run().
int look_on(const options::Options& options, Onlooker::Look look) {
    try {
        return (new Onlooker(options, std::move(look)))->run();
    } catch (const ConfigError& error) {
        std::fprintf(stderr, "le-run: %s\n", error.what());
        return kExitCannot;
    }
}

// Prints the state once, when it is certain enough.
Onlooker::Look once(bool is_json) {
    return [is_json](const Onlooker::Sight& s) -> std::optional<int> {
        if (s.state == State::kUnknown || s.state == State::kUnsure) {
            return std::nullopt;
        }
        const auto colours =
            ::isatty(STDOUT_FILENO) == 1 ? observe::Colours::kYes : observe::Colours::kNo;
        print(is_json ? observe::lease_json(s.view, s.lock, s.now, s.wall)
                      : observe::lease_table(s.view, s.lock, s.now, s.wall, colours));
        return code_of(s.state);
    };
}

// Prints each change of the holder or of the state, until the process is ended.
Onlooker::Look each_change(bool is_json) {
    return [is_json, last_holder = std::string(),
            last_state = State::kUnknown](const Onlooker::Sight& s) mutable -> std::optional<int> {
        if (s.state != last_state || s.view.holder() != last_holder) {
            last_state = s.state;
            last_holder = s.view.holder();
            print(is_json ? observe::lease_json(s.view, s.lock, s.now, s.wall)
                          : observe::lease_line(s.view, s.now, s.wall));
        }
        return std::nullopt;
    };
}

// Empty `leader`: anybody. Without `patience` it waits for ever, otherwise at least for one answer.
Onlooker::Look until_somebody_leads(const std::string& leader, std::optional<Duration> patience) {
    return [leader, patience, began = std::optional<TimePoint>()](
               const Onlooker::Sight& s) mutable -> std::optional<int> {
        began = began.value_or(s.now);
        if (s.state == State::kLeads && (leader.empty() || leader == s.view.holder())) {
            return 0;
        }
        const bool is_over = patience && has_passed_for_observer(s.now, *began + *patience);
        return is_over && s.state != State::kUnknown ? std::optional(kExitNotLeading)
                                                     : std::nullopt;
    };
}

} // namespace

int print_status(const options::Options& options) {
    return look_on(options, options.watch ? each_change(options.json) : once(options.json));
}

int wait_for_leader(const options::Options& options) {
    return look_on(options, until_somebody_leads(options.leader, options.election.wait));
}

} // namespace le_run::app
