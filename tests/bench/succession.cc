#include "bench/succession.h"

#include <csignal>

#include "bench/figures.h"

namespace le_run::test {
namespace {

std::int64_t now_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

double seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

std::vector<double> each(const std::vector<Succession>& all, double (*of)(const Succession&)) {
    std::vector<double> result;
    for (const Succession& one : all) {
        result.push_back(of(one));
    }
    return result;
}

} // namespace

Blow strike(Replica& leader, Incident incident) {
    const Blow blow{incident, leader.name(), now_ns(CLOCK_BOOTTIME), now_ns(CLOCK_REALTIME)};
    switch (incident) {
    case Incident::kStop:
        leader.signal(SIGTERM);
        break;
    case Incident::kCrash:
        leader.signal(SIGKILL);
        break;
    case Incident::kGone: {
        auto all = descendants_of(leader.pid());
        all.insert(all.begin(), leader.pid());
        for (const int number : {SIGSTOP, SIGKILL}) {
            for (const pid_t pid : all) {
                ::kill(pid, number);
            }
        }
        break;
    }
    }
    return blow;
}

Succession succession_after(const Blow& blow, const Arena& arena, const std::string& new_leader) {
    const WorkRecord record = arena.record();
    const WorkLife before = record.newest(blow.leader);
    const WorkLife after = record.newest(new_leader);
    // Of a worker that was killed there is no last word: it ended with the incident.
    const bool wrote_its_end = blow.incident != Incident::kGone;
    const std::int64_t end = wrote_its_end ? before.last.boot_ns : blow.boot_ns;
    Succession result;
    result.gap = seconds(after.first.boot_ns - end);
    result.since_incident = seconds(after.first.boot_ns - blow.boot_ns);
    result.tree = seconds(end - blow.boot_ns);
    result.incident = blow.real_ns;
    result.old_ended = wrote_its_end ? before.last.real_ns : blow.real_ns;
    result.new_began = after.first.real_ns;
    return result;
}

void add_writes(const std::vector<LeaseWrite>& history, const std::string& old_leader,
                const std::string& new_leader, Succession* succession) {
    for (const LeaseWrite& write : history) {
        const bool is_taken = succession->acquisition.received_ns != 0;
        if (write.holder == old_leader) {
            succession->last_renewal = write;
        } else if (write.is_release() && succession->last_renewal.received_ns != 0 && !is_taken) {
            succession->release = write;
        } else if (write.holder == new_leader && !is_taken) {
            succession->acquisition = write;
        }
    }
}

std::vector<double> gaps(const std::vector<Succession>& all) {
    return each(all, [](const Succession& one) { return one.gap; });
}

std::vector<double> since_incident(const std::vector<Succession>& all) {
    return each(all, [](const Succession& one) { return one.since_incident; });
}

ReplicaStart bench_start() {
    return {
        .command = {BENCH_WORKER},
        .timing = {"--lease-duration", "15s", "--renew-deadline", "10s", "--retry-period", "2s"}};
}

std::vector<Succession> take_turns(Arena& arena, int count, Incident incident,
                                   const std::function<void(int)>& before) {
    const auto name = [](int i) { return "r" + std::to_string(i); };
    std::vector<Succession> result;
    Replica* leader = &arena.start_leader(name(0), bench_start());
    for (int i = 0; i < count; ++i) {
        Replica& standby = arena.start_standby(name(i + 1), bench_start());
        before(i);
        const Blow blow = strike(*leader, incident);
        if (!arena.has_started(standby.name())) {
            throw std::runtime_error("nobody took over:\n" + arena.logs());
        }
        leader->wait();
        reap_orphans();
        result.push_back(succession_after(blow, arena, standby.name()));
        leader = &standby;
    }
    if (arena.is_kubernetes()) {
        const auto history = arena.cluster().history();
        for (int i = 0; i < count; ++i) {
            add_writes(history, name(i), name(i + 1), &result[static_cast<std::size_t>(i)]);
        }
    }
    return result;
}

std::vector<Succession> side_by_side(const Pairs& pairs) {
    std::list<Arena> arenas;
    std::vector<Replica*> leaders;
    for (int i = 0; i < pairs.count; ++i) {
        Arena& arena = arenas.emplace_back(LockKind::kKubernetes);
        pairs.prepare(arena);
        leaders.push_back(&arena.start_leader("old", bench_start()));
        arena.start_standby("new", bench_start());
    }
    std::this_thread::sleep_for(pairs.idle);
    std::vector<Blow> blows;
    for (Replica* leader : leaders) {
        pairs.before();
        blows.push_back(strike(*leader, pairs.incident));
        std::this_thread::sleep_for(pairs.between);
    }
    std::vector<Succession> result;
    for (Arena& arena : arenas) {
        if (!arena.has_started("new")) {
            throw std::runtime_error("nobody took over:\n" + arena.logs());
        }
        result.push_back(succession_after(blows[result.size()], arena, "new"));
        add_writes(arena.cluster().history(), "old", "new", &result.back());
    }
    return result;
}

std::string parts_of(const std::vector<Succession>& all) {
    const auto part = [&](const char* what, double (*of)(const Succession&)) {
        return duration_text(median(each(all, of))) + " " + what;
    };
    return part("from the worker's end until the API server has the release",
                [](const Succession& s) { return seconds(s.release.received_ns - s.old_ended); }) +
           ", " +
           part("until it has the acquisition",
                [](const Succession& s) {
                    return seconds(s.acquisition.received_ns - s.release.received_ns);
                }) +
           ", " +
           part("until it has answered that",
                [](const Succession& s) {
                    return seconds(s.acquisition.answered_ns - s.acquisition.received_ns);
                }) +
           ", " + part("until the new worker's first instruction", [](const Succession& s) {
               return seconds(s.new_began - s.acquisition.answered_ns);
           });
}

} // namespace le_run::test
