// A le-run under test, and the record that the workers of all replicas of one test share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "helpers/process.h"
#include "helpers/work_record.h"

namespace le_run::test {

// Short, but with room for a loaded machine: the stop signal 2.5 s after the last renewal, SIGKILL
// after 3.99 s.
inline const std::vector<std::string> kShortLease = {
    "--lease-duration", "6s", "--renew-deadline", "2500ms", "--retry-period", "500ms"};
// The same with more room for the drain and for load, where a fault keeps the machine busy.
inline const std::vector<std::string> kLongerLease = {
    "--lease-duration", "8s", "--renew-deadline", "3s", "--retry-period", "500ms"};

using Words = std::vector<std::string>;
Words operator+(Words a, const Words& b);
Environment operator+(Environment a, const Environment& b);

// le-run with the workers' environment cleared of option variables. Throws as Process does.
class Replica {
public:
    struct Setup {
        std::string name;   // as the record knows it
        std::string record; // TEST_WORKER_RECORD
        Words options{};    // before the --
        Words worker{};     // after "-- test-worker"; ignored when `command` is given
        Words command{};    // after the --
        Environment environment{};
        Words launcher{}; // before le-run: a program that executes the rest
        bool is_pid_one = false;
    };

    explicit Replica(const Setup& setup);

    const std::string& name() const { return name_; }
    Process& process() { return *process_; }
    pid_t pid() const { return process_->pid(); }
    void signal(int number) { process_->signal(number); }
    std::optional<int> wait(std::chrono::milliseconds patience = kPatience) {
        return process_->wait(patience);
    }
    bool runs() { return process_->runs(); }
    std::string log() const { return process_->err(); }
    // The lines on stderr that hold every one of `words`, whatever the case.
    std::vector<std::string> log_lines(const Words& words) const;
    bool logged(const Words& words) const { return !log_lines(words).empty(); }
    // The guard: le-run's only child. 0 when there is none.
    pid_t guard() const;

private:
    std::string name_;
    std::unique_ptr<Process> process_;
};

// The environment entries that take every variable of le-run and of Kubernetes out of a test's way.
Environment without_settings();

// `text` in lines, without empty ones.
std::vector<std::string> lines_of(const std::string& text);

} // namespace le_run::test
