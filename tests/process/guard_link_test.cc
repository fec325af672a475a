// le-run's side of the channel, with the test in the guard's place: what the guard says has force
// only for the run it is about.
#include <cerrno>
#include <csignal>
#include <future>

#include <boost/asio/io_context.hpp>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/guard_link.h"
#include "helpers/catch.h"
#include "helpers/refused_sends.h"
#include "helpers/wait_until.h"

using namespace le_run;
using namespace le_run::app;
using namespace le_run::guard;
using namespace le_run::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr WallTime kAcquireTime{4711};

// A GuardLink whose guard is a process that only lives, and whose words are the test's.
class Link {
public:
    Link() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
        guard_end_ = std::make_unique<GuardEnd>(ends[1]);
        guard_ = ::fork();
        if (guard_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;) {
                ::pause();
            }
        }
        GuardProcess process;
        process.pid = guard_;
        process.channel = ends[0];
        process.warning = "as the guard found it";
        GuardLink::Callbacks callbacks;
        callbacks.message = [this](const FromGuard& message) { told_.push_back(message); };
        callbacks.lost = [this](const std::string& how) { lost_.push_back(how); };
        callbacks.swept = [this](std::uint32_t killed) { swept_.push_back(killed); };
        callbacks.warning = [this](const std::string& text) { warnings_.push_back(text); };
        link_ = std::make_unique<GuardLink>(loop_, process, std::move(callbacks));
    }
    ~Link() {
        ::kill(guard_, SIGKILL);
        ::waitpid(guard_, nullptr, 0);
    }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    GuardLink& link() { return *link_; }
    pid_t guard() const { return guard_; }
    const std::vector<std::string>& warnings() const { return warnings_; }
    const std::vector<std::string>& lost() const { return lost_; }
    const std::vector<std::uint32_t>& swept() const { return swept_; }

    void start() {
        REQUIRE(link_->start(++run_, TimePoint::far_future(), TimePoint::far_future(), kAcquireTime,
                             {"A=b"}));
    }
    void tell(const FromGuard& message) { REQUIRE(guard_end_->send(message)); }
    void tell_gone(RunNumber run) {
        Gone gone;
        gone.run = run;
        tell(gone);
    }
    // What le-run said, Pings left out.
    std::vector<ToGuard> heard() {
        std::vector<ToGuard> result;
        ToGuard message;
        while (guard_end_->receive(&message) == GuardEnd::Receive::kMessage) {
            if (!std::holds_alternative<Ping>(message)) {
                result.push_back(message);
            }
        }
        return result;
    }
    // How many Pings have come; answers them all.
    int answer_pings() {
        int count = 0;
        ToGuard message;
        while (guard_end_->receive(&message) == GuardEnd::Receive::kMessage) {
            if (const auto* ping = std::get_if<Ping>(&message)) {
                tell(Pong{ping->number});
                ++count;
            }
        }
        return count;
    }
    // What the callbacks were told, after the loop has come to rest.
    std::vector<FromGuard> told() {
        loop_.restart();
        while (loop_.poll() > 0) {
        }
        return std::exchange(told_, {});
    }
    template <class Fact>
    bool runs_until(Fact fact) {
        return wait_until([&] {
            loop_.restart();
            loop_.poll();
            return fact();
        });
    }

private:
    boost::asio::io_context loop_;
    pid_t guard_ = -1;
    std::unique_ptr<GuardEnd> guard_end_;
    std::unique_ptr<GuardLink> link_;
    RunNumber run_ = 0;
    std::vector<FromGuard> told_;
    std::vector<std::string> lost_;
    std::vector<std::uint32_t> swept_;
    std::vector<std::string> warnings_;
};

} // namespace

TEST_CASE(
    "a Gone of run 1 that arrives during run 2 has no force, nor has any other word of run 1") {
    Link link;
    link.start();
    link.tell(Started{1, 100});
    link.tell_gone(1);
    REQUIRE(link.told().size() == 2);
    REQUIRE_FALSE(link.link().is_run_under_way());

    link.start();
    link.tell_gone(1);
    link.tell(Started{1, 100});
    link.tell(Failed{1, 3, 2});
    link.tell(Ended{1, 0});
    link.tell_gone(1);
    CHECK(link.told().empty());
    CHECK(link.link().is_run_under_way());
    link.heard();
    link.link().extend(TimePoint::far_future(), TimePoint::far_future());
    const auto heard = link.heard();
    REQUIRE(heard.size() == 1);
    CHECK(std::get<Until>(heard[0]).run == 2);

    link.tell_gone(2);
    link.tell_gone(2);
    const auto told = link.told();
    REQUIRE(told.size() == 1); // a run has one Gone
    CHECK(std::get<Gone>(told[0]).run == 2);
    CHECK_FALSE(link.link().is_run_under_way());
}

TEST_CASE("a Gone of a run that was never started has no force") {
    Link link;
    link.tell_gone(0);
    link.tell_gone(1);
    CHECK(link.told().empty());
    link.start();
    link.tell_gone(2);
    CHECK(link.told().empty());
    CHECK(link.link().is_run_under_way());
}

TEST_CASE("a Late is about the guard, not about a run: it is passed on at any time") {
    Link link;
    link.tell(Late{200'000'000});
    link.start();
    link.tell(Late{300'000'000});
    const auto told = link.told();
    REQUIRE(told.size() == 2);
    CHECK(std::get<Late>(told[0]).nanoseconds == 200'000'000);
    CHECK(std::get<Late>(told[1]).nanoseconds == 300'000'000);
}

TEST_CASE("a Gone right before the guard's death counts, one of the run before does not") {
    const RunNumber last_word = GENERATE(RunNumber{1}, RunNumber{2});
    Link link;
    link.start();
    link.tell_gone(1);
    link.told();
    link.start();
    link.tell_gone(last_word);
    if (last_word == 2) {
        REQUIRE(link.told().size() == 1);
    }
    ::kill(link.guard(), SIGKILL);
    REQUIRE(link.runs_until([&] { return !link.lost().empty(); }));
    if (last_word == 1) {
        CHECK(link.runs_until([&] { return link.swept().size() == 1; })); // le-run's own proof
    }
    link.told();
    CHECK(link.swept().size() == (last_word == 1 ? 1 : 0));
}

TEST_CASE("a guard is asked often before it must kill, so that one that hangs then is found within "
          "lambda") {
    Link link;
    Clock clock;
    const TimePoint kill_at = clock.now() + seconds(3);
    const bool by_stop = GENERATE(false, true);
    REQUIRE(link.link().start(1, kill_at, by_stop ? TimePoint::far_future() : kill_at, kAcquireTime,
                              {"A=b"}));
    if (by_stop) {
        link.link().stop(SIGTERM, kill_at, GuardLink::Lease::kHeld);
    }
    int pings_near = 0;
    link.runs_until([&] {
        const int pings = link.answer_pings();
        const TimePoint now = clock.now();
        if (has_passed_for_holder(now, kill_at - seconds(1))) {
            pings_near += pings;
        }
        return has_passed_for_holder(now, kill_at);
    });
    CHECK(pings_near >= 3); // 8, where nothing is late; one a second would be one
    CHECK(link.lost().empty());
    // Now it hangs.
    REQUIRE(link.runs_until([&] { return !link.lost().empty(); }));
    CHECK(link.lost() ==
          std::vector<std::string>{"the guard process did not answer and was ended"});
}

TEST_CASE("what the guard could not have is said once, from the loop") {
    Link link;
    CHECK(link.warnings().empty());
    link.told();
    CHECK(link.warnings() == std::vector<std::string>{"as the guard found it"});
}

TEST_CASE("a lease is settled after its run, and not while the work may live") {
    Link link;
    for (const RunNumber run : {1, 2}) {
        link.start();
        link.link().settled(run); // the work may live
        auto heard = link.heard();
        REQUIRE(heard.size() == 1);
        CHECK(std::get<Start>(heard[0]).acquire_time == kAcquireTime);
        link.tell_gone(run);
        link.told();
        link.link().settled(run);
        heard = link.heard();
        REQUIRE(heard.size() == 1);
        CHECK(std::get<Settled>(heard[0]).run == run);
    }
}

TEST_CASE("what the kernel has no memory for is told later, in order, and ends nothing") {
    const int error = GENERATE(ENOBUFS, ENOMEM);
    RefusedSends sends;
    // The calls of a thread of its own are refused.
    std::async(std::launch::async, [&] {
        sends.afflict();
        Link link;
        Clock clock;
        const TimePoint last = clock.now() + seconds(50);
        link.told();
        sends.refuse(error);
        link.start();
        link.link().extend(clock.now() + seconds(40), clock.now() + seconds(40));
        link.link().pass_on(SIGUSR1);
        link.link().extend(last, last);
        link.link().stop(SIGTERM, last, GuardLink::Lease::kHeld);
        REQUIRE(link.runs_until([&] { return sends.refused() > 10; }));
        CHECK(link.heard().empty());
        sends.allow();
        std::vector<ToGuard> heard;
        REQUIRE(link.runs_until([&] {
            for (const ToGuard& message : link.heard()) {
                heard.push_back(message);
            }
            return heard.size() >= 3;
        }));
        REQUIRE(heard.size() == 3);
        CHECK(std::get<Start>(heard[0]).term_at ==
              last); // a start whose time is over starts nothing
        CHECK(std::get<Signal>(heard[1]).number == SIGUSR1);
        CHECK(std::get<Stop>(heard[2]).signal == SIGTERM);

        // A run under way: of its extensions the newest is what counts.
        sends.refuse(error);
        for (int i = 0; i < 100; ++i) {
            link.link().extend(last + milliseconds(i), last + milliseconds(i));
        }
        sends.allow();
        heard.clear();
        REQUIRE(link.runs_until([&] {
            heard = link.heard();
            return !heard.empty();
        }));
        REQUIRE(heard.size() == 1);
        CHECK(std::get<Until>(heard[0]).kill_at == last + milliseconds(99));
        CHECK(link.lost().empty());
        CHECK(link.link().is_run_under_way());
    }).get();
}

TEST_CASE("a guard that reads nothing for a moment is not ended for it, and then learns all") {
    Link link;
    Clock clock;
    link.start();
    const TimePoint last = clock.now() + seconds(50);
    for (int i = 0; i < 5000; ++i) {
        link.link().extend(last + milliseconds(i), last + milliseconds(i));
    }
    link.link().stop(SIGTERM, last, GuardLink::Lease::kHeld);
    link.told();
    CHECK(link.lost().empty());
    std::vector<ToGuard> heard;
    REQUIRE(link.runs_until([&] {
        for (const ToGuard& message : link.heard()) {
            heard.push_back(message);
        }
        return !heard.empty() && std::holds_alternative<Stop>(heard.back());
    }));
    CHECK(heard.size() < 5000);
    CHECK(std::get<Until>(heard[heard.size() - 2]).kill_at == last + milliseconds(4999));
    CHECK(link.lost().empty());
}
