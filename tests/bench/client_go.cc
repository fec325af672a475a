// client-go's leader election example, built with the settings that le-run has by default. Its work
// is a line of its log, and it ends with the signal; both bear the time to the microsecond.
#include <csignal>
#include <ctime>
#include <list>

#include "bench/costs.h"
#include "bench/stages.h"

namespace le_run::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kProgram = "leader-election-15-10-2";
constexpr const char* kWorkBegins = "Controller loop";
constexpr const char* kStopAsked = "Received termination";
constexpr double kDay = 24 * 3600;

double time_of_day() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    std::tm local{};
    ::localtime_r(&now.tv_sec, &local);
    return local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec +
           static_cast<double>(now.tv_nsec) / 1e9;
}

// "I0102 15:04:05.123456 ..." of the line that holds `text`; negative when there is none.
double logged_at(const Process& program, const std::string& text) {
    for (const std::string& line : lines_of(program.err())) {
        if (line.find(text) != std::string::npos) {
            const std::string at = line.substr(line.find(' ') + 1);
            return std::stoi(at.substr(0, 2)) * 3600 + std::stoi(at.substr(3, 2)) * 60 +
                   std::stod(at.substr(6, 9));
        }
    }
    return -1;
}

double between(double from, double to) { return to >= from ? to - from : to - from + kDay; }

void wait_for(const Process& program, const std::string& text) {
    if (!wait_until([&] { return logged_at(program, text) >= 0; })) {
        throw std::runtime_error("client-go's example never says " + text + ":\n" + program.err());
    }
}

// Candidates for one lease; the first is the first leader.
struct Contest {
    Cluster cluster{shared_api_server()};
    std::list<Process> candidates{};

    void add() {
        const bool leads = candidates.empty();
        candidates.emplace_back(
            client_go_example(cluster, "c" + std::to_string(candidates.size()), kProgram));
        wait_for(candidates.back(), leads ? kWorkBegins : "new leader elected");
    }
    // The leader is always the last but one.
    Process& leader() { return *std::prev(candidates.end(), 2); }
    Process& standby() { return candidates.back(); }
};

// Adds a standby to each and hits the leaders one by one; returns, of each, when that was.
std::vector<double> strike_all(std::list<Contest>& contests, int number) {
    for (Contest& contest : contests) {
        contest.add();
    }
    std::vector<double> at;
    for (Contest& contest : contests) {
        at.push_back(time_of_day());
        contest.leader().signal(number);
        std::this_thread::sleep_for(milliseconds(230));
    }
    for (Contest& contest : contests) {
        wait_for(contest.standby(), kWorkBegins);
    }
    return at;
}

Row row_of(const std::string& figure, const std::vector<double>& values) {
    return {.figure = figure,
            .result = duration_text(median(values)) + " / " + duration_text(percentile(values, 99)),
            .n = std::to_string(values.size())};
}

} // namespace

void client_go(Bench& bench) {
    std::list<Contest> contests;
    for (int i = 0; i < bench.count_or(30); ++i) {
        contests.emplace_back().add();
    }
    strike_all(contests, SIGTERM);
    std::vector<double> releases;
    for (Contest& contest : contests) {
        releases.push_back(between(logged_at(contest.leader(), kStopAsked),
                                   logged_at(contest.standby(), kWorkBegins)));
    }
    bench.add(row_of("client-go's example: the signal → the next one's work, clean release, "
                     "median / p99",
                     releases));

    const std::vector<double> killed = strike_all(contests, SIGKILL);
    std::vector<double> crashes;
    for (Contest& contest : contests) {
        crashes.push_back(
            between(killed[crashes.size()], logged_at(contest.standby(), kWorkBegins)));
    }
    bench.add(row_of("client-go's example: SIGKILL → the next one's work, median / p99", crashes));
}

double client_go_memory() {
    Contest contest;
    contest.add();
    std::this_thread::sleep_for(kWarmUp);
    return pss_megabytes(contest.standby().pid());
}

} // namespace le_run::test
