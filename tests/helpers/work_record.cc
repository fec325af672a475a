#include "helpers/work_record.h"

#include <algorithm>
#include <csignal>
#include <sstream>

#include "helpers/scratch_folder.h"

namespace le_run::test {
namespace {

bool parse_line(const std::string& line, WorkEvent* event) {
    std::istringstream words(line);
    if (!(words >> event->boot_ns >> event->mono_ns >> event->real_ns >> event->pid >>
          event->replica >> event->role >> event->what)) {
        return false;
    }
    if (event->what == "signal") {
        words >> event->signal;
    }
    const auto value_of = [](const std::string& word, const std::string& name, std::string* value) {
        if (word.rfind(name + "=", 0) == 0) {
            *value = word.substr(name.size() + 1);
        }
    };
    for (std::string word; event->what == "start" && words >> word;) {
        value_of(word, "token", &event->token);
        value_of(word, "identity", &event->identity);
        value_of(word, "lock", &event->lock);
    }
    return true;
}

std::string name_of(const WorkLife& life) {
    return life.role + " " + std::to_string(life.pid) + " of " + life.replica + " (token " +
           life.token + ")";
}

} // namespace

WorkRecord::WorkRecord(const std::string& path) {
    std::istringstream lines(read_file(path));
    for (std::string line; std::getline(lines, line);) {
        WorkEvent event;
        if (!parse_line(line, &event)) {
            continue; // the last line may be half read
        }
        // The newest life with this pid: pids may be reused, a start begins another one. In PID
        // namespaces of their own workers of two replicas have the same at the same time.
        auto life = std::find_if(lives_.rbegin(), lives_.rend(), [&](const WorkLife& one) {
            return one.pid == event.pid && one.replica == event.replica && one.role == event.role;
        });
        if (event.what == "start" || life == lives_.rend()) {
            lives_.push_back({event.replica, event.role, event.pid, event.token, event.identity,
                              event.lock, event, event});
            continue;
        }
        life->last = event;
        life->ended_itself = event.what == "end";
        life->found_another = life->found_another || event.what == "overlap";
        if (event.what == "signal" && event.signal != SIGCHLD) {
            life->signals.push_back(event.signal);
            if (event.signal != SIGCONT) {
                life->asked.push_back(event.signal);
            }
        }
    }
}

std::vector<WorkLife> WorkRecord::lives_of(const std::string& replica,
                                           const std::string& role) const {
    std::vector<WorkLife> result;
    std::copy_if(
        lives_.begin(), lives_.end(), std::back_inserter(result),
        [&](const WorkLife& life) { return life.replica == replica && life.role == role; });
    return result;
}

WorkLife WorkRecord::newest(const std::string& replica, const std::string& role) const {
    const auto all = lives_of(replica, role);
    return all.empty() ? WorkLife{} : all.back();
}

std::string WorkRecord::overlap() const {
    for (std::size_t i = 0; i < lives_.size(); ++i) {
        if (lives_[i].found_another) {
            return name_of(lives_[i]) + " began while a process of another work lived";
        }
        for (std::size_t j = i + 1; j < lives_.size(); ++j) {
            const WorkLife& a = lives_[i];
            const WorkLife& b = lives_[j];
            const bool same_acquisition = a.replica == b.replica && a.token == b.token;
            const auto begin = std::max(a.first.boot_ns, b.first.boot_ns);
            const auto end = std::min(a.last.boot_ns, b.last.boot_ns);
            if (!same_acquisition && begin <= end) {
                return name_of(a) + " and " + name_of(b) + " lived together for " +
                       std::to_string((end - begin) / 1'000'000) + " ms";
            }
        }
    }
    return "";
}

std::string WorkRecord::token_disorder() const {
    const auto smaller = [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b; // decimal, without leading zeros
    };
    std::string last = "0";
    for (const WorkLife& life : lives_) {
        if (life.role != "worker") {
            continue;
        }
        const bool is_number =
            !life.token.empty() && life.token.find_first_not_of("0123456789") == std::string::npos;
        if (!is_number || !smaller(last, life.token)) {
            return name_of(life) + " follows token " + last;
        }
        last = life.token;
    }
    return "";
}

} // namespace le_run::test
