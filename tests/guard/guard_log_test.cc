// The guard's own lines: whole, like le-run's, and never waiting for a reader.
#include "guard/guard_log.h"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"

using namespace le_run;
using namespace le_run::guard;
using namespace le_run::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// In the place of standard error, while it lives.
class AsStderr {
public:
    explicit AsStderr(int fd) : before_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10)) {
        ::dup2(fd, STDERR_FILENO);
    }
    ~AsStderr() {
        ::dup2(before_, STDERR_FILENO);
        ::close(before_);
    }

private:
    int before_;
};

std::string all_of(int fd) {
    std::string text;
    char part[4096];
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    for (ssize_t n = 0; (n = ::read(fd, part, sizeof part)) > 0;) {
        text.append(part, static_cast<std::size_t>(n));
    }
    return text;
}

void say_all(GuardLog& log) {
    log.le_run_is_silent(milliseconds(10'940), GuardLog::Tree::kAsked, milliseconds(1970));
    log.le_run_is_silent(seconds(11), GuardLog::Tree::kKilled, {});
    log.le_run_is_silent(seconds(11), GuardLog::Tree::kGone, {});
    log.le_run_has_died(milliseconds(-5));
    log.le_run_is_ended(seconds(27));
}

} // namespace

TEST_CASE("guard log: each line says what was seen, what is done, and what follows") {
    int ends[2];
    const bool is_socket = GENERATE(false, true);
    REQUIRE((is_socket ? ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)
                       : ::pipe2(ends, O_CLOEXEC)) == 0);
    {
        const AsStderr in_its_place(ends[1]);
        GuardLog log(LogForm::kText, 4711);
        say_all(log);
    }
    const std::string text = all_of(ends[0]);
    CHECK_THAT(text, contains("Z le-run warning: le-run (pid 4711) has said nothing for 10.9s, so "
                              "its lease was not renewed: the guard has asked the child to stop, "
                              "with SIGKILL to all its processes in 2.0s; le-run is ended if it "
                              "stays silent after that\n"));
    CHECK_THAT(text, contains("has sent SIGKILL to the child and all its processes; le-run"));
    CHECK_THAT(text, contains("has ended the child and all its processes; le-run is ended"));
    CHECK_THAT(text, contains("le-run (pid 4711) has died: the guard has asked the child to stop, "
                              "with SIGKILL to all its processes in 0.0s\n"));
    CHECK_THAT(text, contains("has said nothing for 27.0s and runs no child: the guard ends it"));
    CHECK(std::count(text.begin(), text.end(), '\n') == 5);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("guard log: as JSON, and not at all") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    {
        const AsStderr in_its_place(ends[1]);
        GuardLog none(LogForm::kNone, 4711);
        say_all(none);
        GuardLog log(LogForm::kJson, 4711);
        log.le_run_has_died(seconds(2));
    }
    const auto json = nlohmann::json::parse(all_of(ends[0]));
    CHECK(json["level"] == "warning");
    CHECK(json["event"] == "le_run_died");
    CHECK(json["time"].get<std::string>().size() == std::string("2026-01-02T03:04:05.678Z").size());
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("guard log: a pipe or socket that nobody reads holds nothing up") {
    int ends[2];
    const bool is_socket = GENERATE(false, true);
    REQUIRE((is_socket ? ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)
                       : ::pipe2(ends, O_CLOEXEC)) == 0);
    {
        const AsStderr in_its_place(ends[1]);
        GuardLog log(LogForm::kText, 4711);
        for (int i = 0; i < 2000; ++i) { // far more than it holds; it would wait for ever
            say_all(log);
        }
    }
    const std::string text = all_of(ends[0]);
    CHECK(text.size() > 1000);
    CHECK((is_socket || text.back() == '\n')); // whole lines
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("guard log: to a file it writes when the tree is gone") {
    const ScratchFolder scratch;
    const std::string path = scratch.file("log");
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    {
        const AsStderr in_its_place(fd);
        GuardLog log(LogForm::kText, 4711);
        log.le_run_has_died(seconds(2));
        CHECK(read_file(path).empty());
        log.tree_is_gone();
        log.tree_is_gone();
    }
    CHECK_THAT(read_file(path), contains("le-run (pid 4711) has died"));
    ::close(fd);
}
