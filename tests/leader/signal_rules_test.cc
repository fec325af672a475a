// What a signal to le-run means: every row of the table of le-run(1), "Signals".
#include "leader/signal_rules.h"

#include <csignal>

#include "helpers/catch.h"
#include "process/signal_names.h"

using namespace le_run;
using namespace le_run::leader;

namespace {

constexpr SignalScene kLeading{.stop_signal = SIGTERM, .child_runs = true};
constexpr SignalScene kStandby{.stop_signal = SIGTERM};

SignalScene with(SignalScene scene, int stop_signal) {
    scene.stop_signal = stop_signal;
    return scene;
}

} // namespace

TEST_CASE("signals: TERM and INT ask for a stop, the second is passed on") {
    for (const int number : {SIGTERM, SIGINT}) {
        CHECK(meaning_of(number, kLeading) == SignalMeaning::kStop);
        CHECK(meaning_of(number, kStandby) == SignalMeaning::kStop);
        SignalScene stopping = kLeading;
        stopping.is_stop_asked = true;
        CHECK(meaning_of(number, stopping) == SignalMeaning::kPassOn);
    }
}

TEST_CASE("signals: the stop signal asks for a stop, whichever it is, leading and standing by") {
    for (const int number : {SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGPWR, SIGRTMIN + 3}) {
        CHECK(meaning_of(number, kLeading) == SignalMeaning::kPassOn);
        CHECK(meaning_of(number, with(kLeading, number)) == SignalMeaning::kStop);
        CHECK(meaning_of(number, with(kStandby, number)) == SignalMeaning::kStop);
        SignalScene stopping = with(kLeading, number);
        stopping.is_stop_asked = true;
        CHECK(meaning_of(number, stopping) == SignalMeaning::kPassOn);
        SignalScene other = with(kLeading, number); // those of everywhere go on asking, too
        CHECK(meaning_of(SIGTERM, other) == SignalMeaning::kStop);
    }
    SignalScene nohup = with(kStandby, SIGHUP);
    nohup.is_hup_ignored = true;
    CHECK(meaning_of(SIGHUP, nohup) == SignalMeaning::kStop);
}

TEST_CASE("signals: a new size of a window is no stop, whatever the stop signal is") {
    SignalScene scene = with(kLeading, SIGWINCH);
    scene.is_from_kernel = true;
    CHECK(meaning_of(SIGWINCH, scene) == SignalMeaning::kPassOn);
    scene.child_runs = false;
    CHECK(meaning_of(SIGWINCH, scene) == SignalMeaning::kNothing);
    scene.stop_signal = SIGINT; // while Ctrl-C of a terminal is one
    CHECK(meaning_of(SIGINT, scene) == SignalMeaning::kStop);
}

TEST_CASE("signals: QUIT and HUP end a standby, HUP not under nohup, others mean nothing there") {
    CHECK(meaning_of(SIGQUIT, kStandby) == SignalMeaning::kStop);
    CHECK(meaning_of(SIGHUP, kStandby) == SignalMeaning::kStop);
    SignalScene nohup = kStandby;
    nohup.is_hup_ignored = true;
    CHECK(meaning_of(SIGHUP, nohup) == SignalMeaning::kNothing);
    for (const int number : {SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU}) {
        CHECK(meaning_of(number, kStandby) == SignalMeaning::kNothing);
    }
    CHECK(meaning_of(SIGTTIN, kLeading) == SignalMeaning::kNothing);
    CHECK(meaning_of(SIGTSTP, kLeading) == SignalMeaning::kPassOn);
}

TEST_CASE("signals: what ends a program by default, as signal(7) lists it") {
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE,
                             SIGPWR, SIGRTMIN, SIGRTMIN + 3, SIGRTMAX}) {
        CHECK(process::ends_by_default(number));
    }
    for (const int number : {SIGWINCH, SIGCHLD, SIGURG, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU}) {
        CHECK_FALSE(process::ends_by_default(number));
    }
}
