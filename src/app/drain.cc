#include "app/drain.h"

#include <algorithm>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "base/duration_text.h"
#include "base/one_line.h"
#include "guard/child_machine.h"
#include "guard/process_table.h"
#include "process/signal_names.h"

namespace le_run::app {
namespace {

constexpr std::size_t kMostNamed = 5;
constexpr std::size_t kMostOfAName = 32;

std::string count_of(std::size_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "es");
}

Duration rounded(Duration d) {
    return std::chrono::round<std::chrono::duration<std::int64_t, std::deci>>(d);
}

std::string name_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
    std::string name;
    std::getline(file, name);
    return "pid " + std::to_string(pid) +
           (name.empty() ? "" : " (" + one_line(name, kMostOfAName) + ")");
}

// The living processes below `ancestor`, parents first. Empty if /proc belongs to another PID
// namespace.
std::vector<pid_t> processes_below(pid_t ancestor) {
    std::vector<pid_t> found;
    const int proc =
        guard::is_own_proc() ? ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (proc >= 0) {
        guard::ProcessTable::begin(proc);
        while (guard::ProcessTable::read_more(proc, ::getpid())) {
        }
        guard::ProcessTable::find_below(ancestor);
        for (std::size_t i = 0; i < guard::ProcessTable::size(); ++i) {
            guard::ProcessStat stat;
            const pid_t pid = guard::ProcessTable::at(i).pid;
            if (guard::read_stat(proc, pid, &stat) && !stat.is_dead) {
                found.push_back(pid);
            }
        }
        ::close(proc);
    }
    return found;
}

} // namespace

Drain::Drain(boost::asio::io_context& loop, const options::Options& options, pid_t guard,
             std::function<void(const observe::LogLine&)> tell, Duration every)
    : options_(options), guard_(guard), tell_(std::move(tell)), every_(every),
      timer_(loop, [this] { tell_what_is_waited_for(); }) {}

void Drain::begins(const election::StopWork& stop) {
    stop_ = stop;
    began_at_ = clock_.now();
    timer_.arm(every_);
}

void Drain::child_ended() {
    has_child_ended_ = true;
    began_at_ = clock_.now();
}

void Drain::tree_is_gone(const guard::Gone& gone) {
    if (gone.killed != 0 || gone.left_behind != 0) {
        const std::size_t count = gone.killed + gone.left_behind;
        tell_({observe::LogLevel::kWarning,
               "killed",
               killed_text(gone),
               {{"processes", std::to_string(count)}}});
    }
    forget();
}

void Drain::forget() {
    timer_.disarm();
    stop_.reset();
    has_child_ended_ = false;
}

void Drain::tell_what_is_waited_for() {
    if (!stop_) {
        return;
    }
    const std::vector<pid_t> left = processes_below(guard_);
    std::string names;
    for (std::size_t i = 0; i < std::min(left.size(), kMostNamed); ++i) {
        names += (i == 0 ? ": " : ", ") + name_of(left[i]);
    }
    if (left.size() > kMostNamed) {
        names += ", ...";
    }
    const Duration until_kill = left_for_holder(clock_.now(), stop_->kill_at);
    const bool is_limited = until_kill < std::chrono::hours(24 * 365);
    const std::string limit =
        is_limited ? "SIGKILL in " + format_duration(rounded(std::max(Duration{}, until_kill)))
                   : "no SIGKILL while the lease is renewed, because --stop-grace is not set";
    tell_({observe::LogLevel::kInfo,
           "stopping",
           "still stopping after " + format_duration(rounded(lasted())) + ", waiting for " +
               (left.empty() ? "the child" : count_of(left.size(), "process")) + names + "; " +
               limit,
           {{"processes", std::to_string(left.size())}}});
    timer_.arm(every_);
}

std::string Drain::killed_text(const guard::Gone& gone) {
    const std::string count =
        "SIGKILL ended " + count_of(gone.killed + gone.left_behind, "process");
    if (gone.killed == 0) {
        return count + " that the child left behind, " + reason_for_killing(gone);
    }
    const std::string who = gone.left_behind == 0
                                ? " (the child)"
                                : " (the child and " + std::to_string(gone.left_behind) + " other" +
                                      (gone.left_behind == 1 ? ")" : "s)");
    return count + who + ", " + reason_for_killing(gone);
}

std::string Drain::reason_for_killing(const guard::Gone& gone) {
    const std::string they = gone.killed + gone.left_behind == 1 ? "it" : "they";
    const std::string signal =
        gone.signal_sent == 0 ? "" : " of " + process::signal_name(gone.signal_sent);
    if (has_child_ended_ && gone.killed == 0) {
        const Duration most = std::min<Duration>(lasted(), guard::ChildMachine::kDrainAtMost);
        return "because " + they + " had not ended within " + format_duration(rounded(most)) +
               " of the child's end";
    }
    if (stop_ && election::is_lease_lost(stop_->cause)) {
        return "at once, because the lease was lost";
    }
    const bool is_asked = stop_ && (stop_->cause == election::StopCause::kStepDown ||
                                    stop_->cause == election::StopCause::kMargin);
    const auto& grace =
        is_asked ? options_.election.stop_grace : options_.election.timing.lost_grace;
    if (stop_ && grace && lasted() >= *grace) {
        return "because " + they + " had not ended within " + format_duration(*grace) + signal +
               " (" + (is_asked ? "--stop-grace" : "--lost-grace") + ")";
    }
    return "because the lease left no more time" +
           (stop_ && !signal.empty()
                ? ", " + format_duration(rounded(lasted())) + " after" + signal.substr(3)
                : "");
}

} // namespace le_run::app
