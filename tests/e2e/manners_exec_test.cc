// How a program is started, what it inherits, and how its end is told.
#include <algorithm>
#include <iterator>

#include "e2e/manners.h"
#include "helpers/catch.h"
#include "helpers/portrait.h"

using namespace le_run::test;

namespace {

// What the program has written on standard output, and how the init has ended.
std::string outcome(Init init, const InitStart& start) {
    InitProcess under(init, start);
    const auto code = under.process().wait();
    INFO(under.process().err());
    REQUIRE(code.has_value());
    return under.process().out() + "ends with " + std::to_string(*code);
}

Words script(const std::string& text) { return {"sh", "-c", text}; }

// Executes the rest with what `setup` left.
Words after(const std::string& setup) {
    return {"bash", "-c", setup + "; exec \"$@\"", "launcher"};
}

// Lines that `text` has and `other` has not.
std::vector<std::string> lines_only_in(const std::string& text, const std::string& other) {
    auto one = lines_of(text);
    auto two = lines_of(other);
    std::sort(one.begin(), one.end());
    std::sort(two.begin(), two.end());
    std::vector<std::string> result;
    std::set_difference(one.begin(), one.end(), two.begin(), two.end(), std::back_inserter(result));
    return result;
}

// How what is seen under an init differs from what is seen without one.
std::string changes(const std::string& plain, const std::string& seen) {
    std::string text;
    for (const std::string& line : lines_only_in(plain, seen)) {
        text += "- " + line + "\n";
    }
    for (const std::string& line : lines_only_in(seen, plain)) {
        text += "+ " + line + "\n";
    }
    return text;
}

constexpr const char* kNoInput = "a service needs no standard input";

} // namespace

TEST_CASE("manners: exit codes 0 to 255 (file)") {
    for (int code = 0; code < 256; ++code) {
        const std::string text = std::to_string(code);
        compare("exit " + text, all_alike("ends with " + text),
                [&](Init init) { return outcome(init, {.command = script("exit " + text)}); });
    }
}

TEST_CASE("manners: a command that cannot be started (file)") {
    ScratchFolder folder;
    const std::string plain_file = folder.write("plain", "text");
    const std::string damaged = folder.write("damaged", std::string("\x7f"
                                                                    "ELF\2\0\0\0",
                                                                    8));
    std::filesystem::permissions(damaged, std::filesystem::perms(0755));
    const auto ends = [](const char* code) { return std::string("ends with ") + code; };
    const auto check = [&](const std::string& what, const Words& command, const Manner& expected) {
        compare(what, expected, [&](Init init) { return outcome(init, {.command = command}); });
    };
    constexpr const char* kShells = "126 and 127 as a shell gives them; dumb-init has no code of "
                                    "its own for this";
    check("not in PATH", {"no-such-program"}, {ends("127"), ends("127"), ends("2"), kShells});
    check("not there", {"/no/such/program"}, {ends("127"), ends("127"), ends("2"), kShells});
    check("an empty name", {""}, {ends("127"), ends("127"), ends("2"), kShells});
    check("no execute permission", {plain_file}, {ends("126"), ends("126"), ends("2"), kShells});
    check("a folder", {folder.path()}, {ends("126"), ends("126"), ends("2"), kShells});
    check("a damaged program, or one for another machine", {damaged},
          {ends("126"), ends("127"), ends("127"),
           "it is no script: the others let sh look for commands in it"});
    check("no command", {},
          {ends("125"), ends("1"), ends("1"), "125 means that le-run itself cannot do its job"});
}

TEST_CASE("manners: a script without a #! line is run by sh, as shells do (file)") {
    ScratchFolder folder;
    const std::string file = folder.write("script", "echo \"$0|$#|$1|$2\"\nexit 6\n");
    std::filesystem::permissions(file, std::filesystem::perms(0755));
    compare("the script", all_alike(file + "|2|a b|\nends with 6"),
            [&](Init init) { return outcome(init, {.command = {file, "a b", ""}}); });
}

TEST_CASE("manners: arguments as they were written, also odd ones (file)") {
    const Words odd = {"",      " ",  "a b", "it's", "\"quoted\"", "$HOME",  "*",      "\\",
                       "tab\t", "--", "-x",  "\xff", "new\nline",  "--lock", "--help", ""};
    const Words command = Words{TEST_WORKER, "--print"} + odd;
    Process plain({.argv = command, .environment = {{"A", ""}}, .inherit_environment = false});
    REQUIRE(plain.wait() == 0);
    const std::string printed = plain.out();
    const std::string arguments = printed.substr(0, printed.find("env A=\n"));
    compare("odd arguments", all_alike(arguments), [&](Init init) {
        const std::string out = outcome(init, {.command = command});
        return out.substr(0, out.find("env "));
    });
}

TEST_CASE("manners: the environment as it was, but for what le-run takes and gives (file)") {
    const Environment given = {{"EMPTY", ""},          {"SIGNS", "a=b;c 'd' \"e\" $F"},
                               {"LE_RUN_WAIT", "30s"}, {"LE_RUN_PORT", "tcp://10.0.0.1:80"},
                               {"HOME", "/nowhere"},   {"LANG", "C.UTF-8"}};
    const Words command = {"env"};
    Process plain(
        {.argv = command, .environment = without_settings() + given, .inherit_environment = false});
    REQUIRE(plain.wait() == 0);
    compare("variables",
            {"- LE_RUN_WAIT=30s\n+ LE_RUN_FENCING_TOKEN\n+ LE_RUN_HELD_LOCK\n"
             "+ LE_RUN_HOLDER_IDENTITY\n",
             "", "", "le-run's own options are not the program's, and three tell of the lease"},
            [&](Init init) {
                InitProcess under(init, {.command = command, .environment = given});
                REQUIRE(under.process().wait() == 0);
                std::string out;
                for (std::string line : lines_of(under.process().out())) {
                    for (const char* told : {"LE_RUN_HELD_LOCK=", "LE_RUN_HOLDER_IDENTITY=",
                                             "LE_RUN_FENCING_TOKEN="}) {
                        if (line.rfind(told, 0) == 0) {
                            line = line.substr(0, std::string(told).size() - 1);
                        }
                    }
                    out += line + "\n";
                }
                return changes(plain.out(), out);
            });
}

TEST_CASE("manners: signal mask and ignored signals as they were (file)") {
    const std::string as_given = "SigBlk:\t0000000000000800\nSigIgn:\t0000000000000001\n";
    const std::string cleared = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n";
    compare("USR2 blocked, HUP ignored",
            {as_given, as_given, cleared, "what nohup ignores stays ignored"}, [](Init init) {
                // No shell: some clear the mask themselves.
                InitProcess under(
                    init, {.command = {"grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"},
                           .launcher = {"env", "--ignore-signal=HUP", "--block-signal=USR2"}});
                REQUIRE(under.process().wait() == 0);
                return under.process().out();
            });
}

TEST_CASE("manners: folder, umask, limits, nice and descriptors 0 to 20 as they were (file)") {
    const std::string odd = "for n in {3..20}; do eval \"exec $n<>numbered.$n\"; done; "
                            "echo moved >&7; umask 027; ulimit -S -n 100; ulimit -H -n 200; "
                            "ulimit -S -s 4096; cd /usr; exec nice -n 5 \"$@\"";
    const Words portrait =
        script(std::string(kSelfPortrait) +
               "; for n in $(seq 0 20); do cat /proc/$$/fdinfo/$n | sed \"s/^/$n: /\"; done | "
               "grep -E '(pos|flags):'");
    ScratchFolder folder;
    Process plain({.argv = Words{"bash", "-c", odd, "launcher"} + portrait,
                   .environment = without_settings(),
                   .inherit_environment = false,
                   .folder = folder.path()});
    REQUIRE(plain.wait() == 0);
    // Each process has its own scratch folders.
    const auto neutral = [](std::string text) {
        const std::string prefix = "le-run-test-";
        for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
            text.replace(at + prefix.size(), 6, "FOLDER");
        }
        return text;
    };
    CHECK_THAT(plain.out(),
               contains("/usr\n0027\n") && contains("7: pos:\t6\n") && contains("\n20 /"));
    compare("odd surroundings", all_alike(""), [&](Init init) {
        InitProcess under(init, {.command = portrait, .launcher = {"bash", "-c", odd, "launcher"}});
        REQUIRE(under.process().wait() == 0);
        return changes(neutral(plain.out()), neutral(under.process().out()));
    });
}

TEST_CASE("manners: standard input closed, a file, a pipe, nothing (file)") {
    const Words reader = script("cat 2>/dev/null; echo \"cat: $?\"");
    const auto check = [&](const std::string& what, const std::string& redirection,
                           const Manner& expected) {
        compare(what, expected, [&](Init init) {
            return outcome(init, {.command = reader, .launcher = after("exec " + redirection)});
        });
    };
    ScratchFolder folder;
    const std::string file = folder.write("input", "one\ntwo\n");
    const Manner both_lines = all_alike("one\ntwo\ncat: 0\nends with 0");
    check("a file", "<" + file, both_lines);
    check("a pipe", "< <(echo one; echo two)", both_lines);
    check("/dev/null", "</dev/null", all_alike("cat: 0\nends with 0"));
    check("closed", "<&-", {"cat: 1\nends with 0", "ends with 1", "cat: 1\nends with 0", kNoInput});
}

TEST_CASE("manners: standard streams that are closed are so for the program, and nothing of "
          "le-run's takes their place (file)") {
    const Words look = script("for n in 0 1 2; do [ -e /proc/$$/fd/$n ] || echo $n >>closed; done; "
                              "exit 4");
    for (const Words& closed :
         {Words{"0"}, Words{"1"}, Words{"2"}, Words{"0", "1"}, Words{"0", "1", "2"}}) {
        std::string setup = ":";
        std::string expected;
        for (const std::string& n : closed) {
            setup += "; exec " + n + ">&-";
            expected += n + "\n";
        }
        expected += "ends with 4";
        const bool no_input = closed.front() == "0";
        compare(setup, {expected, no_input ? "ends with 1" : expected, expected, kNoInput},
                [&](Init init) {
                    InitProcess under(
                        init, {.command = look, .launcher = after(setup), .log_level = "debug"});
                    const auto code = under.process().wait();
                    return read_file(under.folder().file("closed")) + "ends with " +
                           std::to_string(code.value_or(-1));
                });
    }
}
