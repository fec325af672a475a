#include "app/status.h"

#include <cstdio>
#include <functional>
#include <optional>
#include <string>

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
    // `look` is called after each answer and each check of the clock. An exit code ends run().
    using Look = std::function<std::optional<int>(const observe::LeaseView&, TimePoint, WallTime)>;

    Onlooker(const options::Options& options, Look look)
        : options_(options), look_(std::move(look)), loop_(store::make_loop(options.lock)),
          view_(options.election.timing.lease_duration), clock_timer_(loop_, [this] { tick(); }),
          read_timer_(loop_, [this] { read(); }) {
        opened_ = store::open_lock(loop_, options.lock, {options.environment});
        process::leave_start_folder();
    }

    const std::string& lock() const { return opened_.lock; }

    int run() {
        opened_.store->watch([this](const election::WatchNews& news) { told(news); });
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
                }
                read_timer_.arm(options_.election.timing.retry_period);
            });
    }

    void told(const election::WatchNews& news) {
        if (const auto* found = std::get_if<election::StoredLease>(&news)) {
            saw(*found);
        } else if (std::holds_alternative<election::Absent>(news)) {
            saw(election::Absent{});
        } // the state of the watch does not matter, because read() repeats
    }

    void saw(const election::ReadOutcome& seen) {
        has_answered_ = true;
        last_trouble_.clear();
        view_.saw(clock_.now(), wall_now(), seen);
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
        if (const auto code = look_(view_, clock_.now(), wall_now())) {
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
template <class Look>
int look_on(const options::Options& options, Look look) {
    try {
        auto* onlooker = new Onlooker(options, [&](const auto& view, TimePoint now, WallTime wall) {
            return look(view, now, wall);
        });
        look.lock = onlooker->lock();
        return onlooker->run();
    } catch (const ConfigError& error) {
        std::fprintf(stderr, "le-run: %s\n", error.what());
        return kExitCannot;
    }
}

// Prints the state once, when it is certain enough.
struct Once {
    bool is_json = false;
    std::string lock{};

    std::optional<int> operator()(const observe::LeaseView& view, TimePoint now,
                                  WallTime wall) const {
        const State state = view.state(now, wall);
        if (state == State::kUnknown || state == State::kUnsure) {
            return std::nullopt;
        }
        const auto colours =
            ::isatty(STDOUT_FILENO) == 1 ? observe::Colours::kYes : observe::Colours::kNo;
        print(is_json ? observe::lease_json(view, lock, now, wall)
                      : observe::lease_table(view, lock, now, wall, colours));
        return code_of(state);
    }
};

// Prints each change of the holder or of the state, until the process is ended.
struct EachChange {
    bool is_json = false;
    std::string lock{};
    std::string last_holder{};
    State last_state = State::kUnknown;

    std::optional<int> operator()(const observe::LeaseView& view, TimePoint now, WallTime wall) {
        const State state = view.state(now, wall);
        if (state == last_state && view.holder() == last_holder) {
            return std::nullopt;
        }
        last_state = state;
        last_holder = view.holder();
        print(is_json ? observe::lease_json(view, lock, now, wall)
                      : observe::lease_line(view, now, wall));
        return std::nullopt;
    }
};

struct UntilSomebodyLeads {
    std::string leader; // empty: anybody
    std::optional<Duration> patience;
    std::string lock{};
    std::optional<TimePoint> began{};

    std::optional<int> operator()(const observe::LeaseView& view, TimePoint now, WallTime wall) {
        began = began.value_or(now);
        if (view.state(now, wall) == State::kLeads && (leader.empty() || leader == view.holder())) {
            return 0;
        }
        if (patience && view.state(now, wall) != State::kUnknown &&
            has_passed_for_observer(now, *began + *patience)) {
            return kExitNotLeading;
        }
        return std::nullopt;
    }
};

} // namespace

int print_status(const options::Options& options) {
    return options.watch ? look_on(options, EachChange{options.json})
                         : look_on(options, Once{options.json});
}

int wait_for_leader(const options::Options& options) {
    return look_on(options, UntilSomebodyLeads{options.leader, options.election.wait});
}

} // namespace le_run::app
