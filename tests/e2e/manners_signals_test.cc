// Signals 1 to 31, one by one: what reaches the program, and what becomes of the init.
#include <algorithm>
#include <csignal>
#include <map>
#include <sstream>

#include "e2e/manners.h"
#include "helpers/catch.h"
#include "helpers/work_record.h"

using namespace le_run::test;

namespace {

enum class Place { kOrdinary, kPidOne };

bool is_pending(pid_t pid, int signal) {
    std::istringstream status(read_file("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("SigPnd:", 0) == 0 || line.rfind("ShdPnd:", 0) == 0) {
            const auto mask = std::stoull(line.substr(8), nullptr, 16);
            if ((mask >> (signal - 1) & 1) != 0) {
                return true;
            }
        }
    }
    return false;
}

std::string words(const std::vector<int>& signals) {
    std::string text;
    for (const int number : signals) {
        text += (text.empty() ? "" : " ") + std::to_string(number);
    }
    return text.empty() ? "nothing" : text;
}

// A program that catches every signal and writes it down. It ends when it is asked to, unless that
// is what is looked at.
class Catcher {
public:
    Catcher(Init init, Place place, int signal)
        : init_(init), signal_(signal), marker_(signal == SIGUSR2 ? SIGUSR1 : SIGUSR2),
          under_(init, {.command = Words{TEST_WORKER, "--record", "record", "--replica", "a"} +
                                   (asks_to_stop() ? Words{"--ignore"} : Words{}),
                        .environment = crashing_plainly(),
                        .is_pid_one = place == Place::kPidOne}) {
        REQUIRE(wait_until([&] { return life().pid != 0; }));
        program_ = descendants_of(under_.pid()).back();
    }

    std::string look() {
        under_.process().signal(signal_);
        // Taken by the init before the marker is sent, so it is passed on before that, too.
        wait_until([&] { return !goes_on() || !is_pending(under_.pid(), signal_); });
        under_.process().signal(marker_);
        REQUIRE(wait_until([&] { return !goes_on() || has_settled(); }));
        // One that stops itself after its program does so before it takes the marker.
        wait_until([&] { return !goes_on_itself() || !is_pending(under_.pid(), marker_); });
        if (!under_.process().runs()) {
            return "the init ends with " + std::to_string(*under_.process().wait()) +
                   (program_goes_too() ? ", the program too" : ", the program lives on");
        }
        if (state_of(under_.pid()) == 'T') {
            return std::string("the init stops") +
                   (program_stops_too() ? ", the program too" : ", the program goes on");
        }
        return state_of(program_) == 'T' ? "the program stops" : "gets " + words(received());
    }

private:
    bool asks_to_stop() const { return signal_ == SIGTERM || signal_ == SIGINT; }
    WorkLife life() const { return WorkRecord(under_.folder().file("record")).newest("a"); }
    bool goes_on_itself() { return under_.process().runs() && state_of(under_.pid()) != 'T'; }
    bool goes_on() { return goes_on_itself() && state_of(program_) != 'T'; }
    bool has_marker(const WorkLife& now) const {
        return std::count(now.signals.begin(), now.signals.end(), marker_) != 0;
    }
    // It has the marker, and by the tick after it all that was sent before: of signals that wait
    // together the lowest is taken first.
    bool has_settled() const {
        const WorkLife now = life();
        return now.last.what == "tick" && has_marker(now);
    }
    // Without the marker, in numerical order.
    std::vector<int> received() const {
        auto signals = life().signals;
        std::sort(signals.begin(), signals.end());
        signals.erase(std::find(signals.begin(), signals.end(), marker_));
        return signals;
    }
    // Of one that nothing has ended, it is enough that it answers.
    bool program_goes_too() {
        wait_until([&] {
            reap_orphans();
            ::kill(program_, marker_);
            return !is_alive(program_) || (init_ != Init::kLeRun && has_marker(life()));
        });
        return !is_alive(program_);
    }
    bool program_stops_too() {
        ::kill(program_, marker_);
        wait_until([&] { return state_of(program_) == 'T' || has_marker(life()); });
        return state_of(program_) == 'T';
    }

    Init init_;
    int signal_;
    int marker_; // passed on by every init
    InitProcess under_;
    pid_t program_ = 0;
};

// A program that leaves every signal to its default action.
std::string exit_code_after(Init init, int signal) {
    InitProcess under(init, {.command = {"sh", "-c", "ulimit -c 0; echo ready; exec sleep 1000"}});
    REQUIRE(wait_until([&] { return under.process().out() == "ready\n"; }));
    under.process().signal(signal);
    return std::to_string(under.process().wait().value_or(-1));
}

std::string ends(int signal, const char* program) {
    return "the init ends with " + std::to_string(128 + signal) + ", the program " + program;
}

constexpr const char* kStop = "SIGTERM and SIGINT ask le-run for a stop, and SIGCONT goes with "
                              "each, so that a stopped program can obey";
constexpr const char* kTree = "no fault of le-run's leaves work behind that its lease no longer "
                              "covers";
constexpr const char* kRenew = "a stopped le-run would lose the lease: it goes on renewing";

// What is not simply passed on.
std::map<int, Manner> exceptions(Place place) {
    const bool is_pid_one = place == Place::kPidOne;
    std::map<int, Manner> table = {
        {SIGINT, {"gets 2 18", "gets 2", "gets 2", kStop}},
        {SIGTERM, {"gets 15 18", "gets 15", "gets 15", kStop}},
        {SIGCHLD, all_alike("gets nothing")},
        {SIGSTOP, all_alike("the init stops, the program goes on")},
    };
    const std::string stopped =
        is_pid_one ? "the program stops" : "the init stops, the program too";
    table[SIGTSTP] = {"gets 20", "gets 20", stopped, kRenew};
    table[SIGTTIN] = {"gets nothing", "gets nothing", stopped, kRenew};
    table[SIGTTOU] = {"gets nothing", "gets nothing", stopped, kRenew};
    table[SIGKILL] = is_pid_one ? all_alike(ends(SIGKILL, "too"))
                                : Manner{ends(SIGKILL, "too"), ends(SIGKILL, "lives on"),
                                         ends(SIGKILL, "lives on"), kTree};
    for (const int crash : {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS}) {
        const std::string passed = "gets " + std::to_string(crash);
        table[crash] = is_pid_one
                           ? Manner{"gets nothing", "gets nothing", passed,
                                    "a crash stays a crash, and PID 1 takes none from "
                                    "outside"}
                           : Manner{ends(crash, "too"), ends(crash, "lives on"), passed, kTree};
    }
    return table;
}

} // namespace

TEST_CASE("manners: signals 1 to 31, to an init that is PID 1 and to one that is not (file)") {
    const Place place = GENERATE(Place::kOrdinary, Place::kPidOne);
    const auto table = exceptions(place);
    for (int signal = 1; signal < 32; ++signal) {
        const auto found = table.find(signal);
        compare((place == Place::kPidOne ? "as PID 1, signal " : "signal ") +
                    std::to_string(signal),
                found != table.end() ? found->second : all_alike("gets " + std::to_string(signal)),
                [&](Init init) { return Catcher(init, place, signal).look(); });
    }
}

TEST_CASE("manners: the exit code when a signal, passed on, ends the program (file)") {
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM,
                             SIGSTKFLT, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR}) {
        const std::string code = std::to_string(128 + signal);
        const bool asks_to_stop = signal == SIGTERM || signal == SIGINT;
        compare("signal " + std::to_string(signal),
                asks_to_stop ? Manner{"0", code, code, "a stop that was asked for is no failure"}
                             : all_alike(code),
                [&](Init init) { return exit_code_after(init, signal); });
    }
}
