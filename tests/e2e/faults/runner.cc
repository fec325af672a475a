#include "faults/runner.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/api_server.h"
#include "helpers/process.h"

namespace le_run::test::faults {
namespace {

// How a case's process tells its verdict; whatever else it exits with (a sanitizer's report) is a
// failure.
constexpr int kPassedCode = 0;
constexpr int kExceptionCode = 40;
constexpr int kFailedCode = 41;
constexpr unsigned kLongestCase = 300; // seconds; the cases' own patience is shorter

volatile std::sig_atomic_t stop_asked = 0;

void ask_to_stop(int) { stop_asked = 1; }

void print_lines(const char* head, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        std::printf("%s%s\n", head, line.c_str());
    }
}

Verdict judge(const Case& one) {
    Judge judge;
    try {
        one.run(judge);
    } catch (const std::exception& error) {
        judge.require(false, error.what());
    }
    print_lines("violated: ", judge.violations());
    print_lines("documented exception: ", judge.exceptions());
    print_lines("", judge.figures());
    if (!judge.violations().empty()) {
        std::printf("%s", judge.logs().c_str());
        return Verdict::kFailed;
    }
    return judge.exceptions().empty() ? Verdict::kPassed : Verdict::kException;
}

// In the case's process.
[[noreturn]] void live(const Case& one, const std::string& folder, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(1);
    }
    ::setsid(); // Ctrl-C asks the runner alone
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    ::alarm(kLongestCase);
    ::setenv("TMPDIR", folder.c_str(), 1);
    const int out =
        ::open((folder + "/said").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    const Verdict verdict = judge(one);
    std::fflush(nullptr);
    ::_exit(verdict == Verdict::kPassed      ? kPassedCode
            : verdict == Verdict::kException ? kExceptionCode
                                             : kFailedCode);
}

class Runner {
public:
    Runner(const std::vector<Case>& cases, int parallel) : cases_(cases), parallel_(parallel) {}

    std::vector<Finished> run() {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        std::signal(SIGINT, ask_to_stop);
        std::signal(SIGTERM, ask_to_stop);
        share_a_server();
        while (stop_asked == 0 && (next_ < cases_.size() || !running_.empty())) {
            start_what_fits();
            reap();
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        if (stop_asked != 0) {
            std::printf("stopped by a signal: ending %zu cases\n", running_.size());
        }
        running_.clear(); // so that they are leftovers, too
        end_leftovers();
        return std::move(finished_);
    }

private:
    struct Running {
        const Case* of;
        std::string folder;
        std::chrono::steady_clock::time_point began;
    };

    // One for all, unless with-apiserver has started it already.
    void share_a_server() {
        bool is_needed = false;
        for (const Case& one : cases_) {
            is_needed = is_needed || one.server == Server::kShared;
        }
        if (is_needed && std::getenv(kSharedApiServerVariable) == nullptr) {
            server_ = std::make_unique<ApiServer>();
            ::setenv(kSharedApiServerVariable, server_->access().folder.c_str(), 1);
        }
    }

    void start_what_fits() {
        while (next_ < cases_.size() &&
               (running_.empty() || load_ + cases_[next_].weight <= parallel_)) {
            start(cases_[next_++]);
        }
    }

    void start(const Case& one) {
        const std::string folder = scratch_.file(std::to_string(next_));
        ::mkdir(folder.c_str(), 0755);
        std::fflush(nullptr);
        const pid_t parent = ::getpid();
        const pid_t pid = ::fork();
        if (pid == 0) {
            live(one, folder, parent);
        }
        if (pid < 0) {
            std::perror("fork");
            std::exit(1);
        }
        load_ += one.weight;
        running_[pid] = {&one, folder, std::chrono::steady_clock::now()};
    }

    void reap() {
        int status = 0;
        for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0;) {
            if (auto ended = running_.extract(pid); !ended.empty()) {
                finish(ended.mapped(), status);
            }
        }
    }

    void finish(const Running& one, int status) {
        load_ -= one.of->weight;
        Finished result{.of = one.of, .text = read_file(one.folder + "/said")};
        result.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - one.began).count();
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (code == kPassedCode || code == kExceptionCode) {
            result.verdict = code == kPassedCode ? Verdict::kPassed : Verdict::kException;
        } else if (code != kFailedCode) {
            result.text += "the case's process ended with " + std::to_string(code) + "\n";
        }
        if (result.verdict == Verdict::kFailed) {
            std::printf("=== FAILED %s\n%s", one.of->name.c_str(), result.text.c_str());
            end_leftovers();
        }
        std::fflush(stdout);
        finished_.push_back(std::move(result));
        if (finished_.size() % 50 == 0) {
            std::printf("%zu of %zu cases done\n", finished_.size(), cases_.size());
        }
        std::filesystem::remove_all(one.folder);
    }

    // What a failed case may have left to this process.
    void end_leftovers() const {
        std::set<pid_t> cases;
        for (const auto& [pid, one] : running_) {
            cases.insert(pid);
        }
        end_orphans(cases);
    }

    const std::vector<Case>& cases_;
    const int parallel_;
    ScratchFolder scratch_;
    std::unique_ptr<ApiServer> server_;
    std::map<pid_t, Running> running_;
    std::vector<Finished> finished_;
    std::size_t next_ = 0;
    int load_ = 0;
};

} // namespace

std::vector<Finished> run_cases(const std::vector<Case>& cases, int parallel) {
    return Runner(cases, parallel).run();
}

} // namespace le_run::test::faults
