// At a terminal, as in `docker run -it`: Ctrl-C, Ctrl-Z and job control, window size, hang-up.
#include <csignal>

#include "e2e/manners.h"
#include "helpers/catch.h"
#include "helpers/terminal.h"

using namespace le_run::test;

namespace {

// An init that leads a session with a terminal, and its program.
class AtTerminal {
public:
    AtTerminal(Init init, const Words& command, const std::string& log_level = "error")
        : under_(init, {.command = command,
                        .launcher = {"sh", "-c",
                                     "exec setsid --ctty \"$@\" <" + terminal_.name() + " >" +
                                         terminal_.name() + " 2>&1",
                                     "terminal"},
                        .log_level = log_level}) {}

    Terminal& terminal() { return terminal_; }
    void expect(const std::string& text) {
        const bool shown =
            wait_until([&] { return terminal_.screen().find(text) != std::string::npos; });
        INFO(terminal_.screen());
        REQUIRE(shown);
    }
    std::string exit_code() { return std::to_string(under_.process().wait().value_or(-1)); }
    Process& process() { return under_.process(); }
    pid_t program() const { return descendants_of(under_.pid()).back(); }

private:
    Terminal terminal_;
    InitProcess under_;
};

Words script(const std::string& text) { return {"sh", "-c", text}; }

constexpr const char* kWait = "echo ready; while :; do sleep 0.02; done";

} // namespace

TEST_CASE("manners: Ctrl-C reaches the program, which ends by it or as it likes (file)") {
    const auto after_ctrl_c = [](Init init, const std::string& text) {
        AtTerminal at(init, script(text));
        at.expect("ready");
        at.terminal().type("\x03");
        return at.exit_code();
    };
    compare("a program without a handler", all_alike("130"),
            [&](Init init) { return after_ctrl_c(init, "echo ready; exec sleep 1000"); });
    compare("a program with one", all_alike("3"), [&](Init init) {
        return after_ctrl_c(init, std::string("trap 'exit 3' INT; ") + kWait);
    });
}

TEST_CASE("manners: a new window size is told to the program, which can read it (file)") {
    compare("a resize", all_alike("told"), [](Init init) {
        AtTerminal at(init, script(std::string("trap 'stty size' WINCH; ") + kWait));
        at.expect("ready");
        at.terminal().resize(33, 101);
        at.expect("33 101");
        return std::string("told");
    });
}

TEST_CASE("manners: a shell at the terminal controls its jobs (file)") {
    compare("bash", all_alike("5"), [](Init init) {
        AtTerminal at(init, {"bash", "--norc", "-i"});
        at.expect("# ");
        const auto is_foreground = [&] {
            const pid_t group = at.terminal().foreground_group();
            return read_file("/proc/" + std::to_string(group) + "/comm") == "sleep\n" &&
                   state_of(group) != 'T';
        };
        at.terminal().type("sleep 1000\n");
        REQUIRE(wait_until(is_foreground));
        at.terminal().type("\x1a");
        at.expect("Stopped");
        at.terminal().type("fg\n");
        REQUIRE(wait_until(is_foreground));
        at.terminal().type("\x03");
        REQUIRE(wait_until([&] { return !is_foreground(); }));
        at.terminal().type("exit 5\n");
        return at.exit_code();
    });
}

TEST_CASE("manners: Ctrl-Z stops the program and never le-run, SIGCONT lets it go on (file)") {
    compare("Ctrl-Z",
            {"stopped", "stopped", "ignored",
             "dumb-init's program is in a session of its own, where nobody could let it go on"},
            [](Init init) {
                AtTerminal at(init, script("echo ready; exec cat"));
                at.expect("ready");
                const pid_t program = at.program();
                at.terminal().type("\x1astill\n");
                const std::string read_and_written = "still\r\nstill"; // the echo and cat's
                REQUIRE(wait_until([&] {
                    return state_of(program) == 'T' ||
                           at.terminal().screen().find(read_and_written) != std::string::npos;
                }));
                const bool stopped = state_of(program) == 'T';
                CHECK(state_of(at.process().pid()) != 'T');
                at.process().signal(SIGCONT);
                at.expect(read_and_written);
                return std::string(stopped ? "stopped" : "ignored");
            });
}

TEST_CASE(
    "manners: with the program stopped by Ctrl-Z, Ctrl-C reaches le-run, and SIGCONT gives the "
    "terminal back (file)") {
    AtTerminal at(Init::kLeRun, script("echo ready; exec cat"), "warning");
    at.expect("ready");
    const pid_t program = at.program();
    at.terminal().type("\x1a");
    at.expect("is stopped (Ctrl-Z)");
    CHECK(at.terminal().foreground_group() != program);
    at.process().signal(SIGCONT);
    REQUIRE(wait_until([&] { return at.terminal().foreground_group() == program; }));
    at.terminal().type("on\n");
    at.expect("on\r\non"); // the echo and cat's
    at.terminal().type("\x1a");
    REQUIRE(wait_until(
        [&] { return state_of(program) == 'T' && at.terminal().foreground_group() != program; }));
    at.terminal().type("\x03");
    CHECK(at.exit_code() == "0");
}

TEST_CASE("manners: a terminal that hangs up ends the program (file)") {
    compare("hang-up", all_alike("129"), [](Init init) {
        AtTerminal at(init, script("echo ready; exec sleep 1000"));
        at.expect("ready");
        at.terminal().hang_up();
        return at.exit_code();
    });
}
