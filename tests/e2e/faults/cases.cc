#include "faults/cases.h"

#include <algorithm>
#include <random>

#include "faults/dimensions.h"
#include "faults/network_faults.h"
#include "faults/pairs.h"
#include "faults/pause_faults.h"
#include "faults/process_faults.h"
#include "faults/store_faults.h"

namespace le_run::test::faults {
namespace {

constexpr int kStormWeight = 3;
constexpr int kServerWeight = 3;
constexpr int kChainWeight = 3;
constexpr int kAlone = 1000;

template <class Value>
Value value_at(std::size_t index) {
    return static_cast<Value>(index);
}

ProcessFault fault_at(const std::vector<std::size_t>& indices) {
    return {value_at<Hit>(indices[0]), value_at<Target>(indices[1]), value_at<Mode>(indices[2]),
            value_at<Shape>(indices[3])};
}

const std::vector<std::size_t> kSizes = {kHitNames.size(), kTargetNames.size(), kModeNames.size(),
                                         kSmallShapes};

bool is_possible_at(const std::vector<std::size_t>& indices) {
    return is_possible(fault_at(indices));
}

int weight_of(Shape shape) {
    switch (shape) {
    case Shape::kStorm:
        return kStormWeight;
    case Shape::kChain:
    case Shape::kThreads:
        return kChainWeight;
    default:
        // That ten thousand die within kappa is said of a machine that has nothing else to do.
        return is_big(shape) ? kAlone : 1;
    }
}

Case process_frame(const ProcessFault& fault) {
    return {.name = name_of(fault),
            .table = is_big(fault.shape) ? "processes, big trees (file store)"
                                         : "processes (file store)",
            .row = name_of(fault.hit, kHitNames) + " " + name_of(fault.target, kTargetNames),
            .column = name_of(fault.mode, kModeNames),
            .weight = weight_of(fault.shape)};
}

Case process_case(const ProcessFault& fault) {
    Case result = process_frame(fault);
    result.run = [fault](Judge& judge) { run_process_fault(fault, judge); };
    return result;
}

Case process_case_at(const ProcessFault& fault, const Moment& moment) {
    Case result = process_frame(fault);
    result.name += name_of(moment);
    result.run = [fault, moment](Judge& judge) { run_process_fault_at(fault, moment, judge); };
    return result;
}

Case network_frame(Outage outage) {
    return {.name = "network/" + name_of(outage, kOutageNames),
            .table = "network (one replica's way to the API server)",
            .row = name_of(outage, kOutageNames),
            .column = "",
            .server = Server::kShared};
}

Case network_case(Outage outage, Length length) {
    Case result = network_frame(outage);
    result.column = name_of(length, kLengthNames);
    result.name += "/" + result.column;
    result.run = [outage, length](Judge& judge) { run_network_fault(outage, length, judge); };
    return result;
}

Case network_case_for(Outage outage, std::chrono::milliseconds time) {
    Case result = network_frame(outage);
    result.column = "random";
    result.name += "@" + std::to_string(time.count());
    result.run = [outage, time](Judge& judge) { run_network_fault_for(outage, time, judge); };
    return result;
}

Case store_case(StoreFault fault) {
    return {.name = "store/" + name_of(fault, kStoreFaultNames),
            .table = "store (API server and etcd)",
            .row = name_of(fault, kStoreFaultNames),
            .column = "all",
            .weight = needs_own_server(fault) ? kServerWeight : 1,
            .server = needs_own_server(fault) ? Server::kOwn : Server::kShared,
            .run = [fault](Judge& judge) { run_store_fault(fault, judge); }};
}

Case pause_case(const PauseFault& fault) {
    const std::string times = std::to_string(fault.times);
    const std::string row =
        times + "-" + name_of(fault.length, kPauseNames) + "-" + name_of(fault.who, kPausedNames);
    return {.name = "pause/" + row,
            .table = "pauses within a minute (file store)",
            .row = times + " " + name_of(fault.length, kPauseNames),
            .column = name_of(fault.who, kPausedNames),
            .weight = 0, // it waits
            .has_figures = fault.length == Pause::kLong,
            .run = [fault](Judge& judge) { run_pause_fault(fault, judge); }};
}

// Where they cost nothing it is the same whether others pause too.
void add_pause_cases(std::vector<Case>* cases) {
    cases->push_back(pause_case({2, Pause::kLong, Paused::kAlone}));
    for (const int times : {3, 2}) {
        for (const Paused who : {Paused::kAll, Paused::kLeader}) {
            cases->push_back(pause_case({times, Pause::kLong, who}));
        }
        cases->push_back(pause_case({times, Pause::kShort, Paused::kLeader}));
    }
}

void add_servers_cases(std::vector<Case>* cases) {
    for (std::size_t i = 0; i < kStoreFaultNames.size(); ++i) {
        cases->push_back(store_case(value_at<StoreFault>(i)));
    }
    for (std::size_t i = 0; i < kOutageNames.size(); ++i) {
        for (const Length length : {Length::kShort, Length::kLong}) {
            // Without a lookup that is needed there is no short outage of names.
            const bool makes_sense = value_at<Outage>(i) != Outage::kDns || length == Length::kLong;
            if (makes_sense && is_possible(value_at<Outage>(i))) {
                cases->push_back(network_case(value_at<Outage>(i), length));
            }
        }
    }
}

// Each big tree; in each test run each mode, each of these faults of le-run and of the guard, and
// each tree once at least.
std::vector<ProcessFault> big_faults() {
    std::vector<ProcessFault> faults;
    for (const Hit hit : {Hit::kTerm, Hit::kKill, Hit::kStop}) {
        for (const Target target : {Target::kLeRun, Target::kGuard}) {
            for (const Mode mode : {Mode::kNormal, Mode::kPidOne, Mode::kPidNamespace}) {
                for (std::size_t shape = kSmallShapes; shape < kShapeNames.size(); ++shape) {
                    faults.push_back({hit, target, mode, value_at<Shape>(shape)});
                }
            }
        }
    }
    return faults;
}

const std::vector<ProcessFault> kSomeBigFaults = {
    {Hit::kStop, Target::kLeRun, Mode::kNormal, Shape::kChain},
    {Hit::kStop, Target::kLeRun, Mode::kPidNamespace, Shape::kStoppedMix},
    {Hit::kTerm, Target::kLeRun, Mode::kNormal, Shape::kMix},
    {Hit::kKill, Target::kLeRun, Mode::kPidOne, Shape::kWide},
    {Hit::kKill, Target::kLeRun, Mode::kNormal, Shape::kThreads},
    {Hit::kKill, Target::kGuard, Mode::kNormal, Shape::kWide},
    {Hit::kStop, Target::kGuard, Mode::kPidOne, Shape::kThreads},
    {Hit::kTerm, Target::kGuard, Mode::kPidNamespace, Shape::kStar},
};

void add_process_cases(const std::vector<ProcessFault>& faults, std::vector<Case>* cases) {
    for (const ProcessFault& fault : faults) {
        if (is_possible(fault)) {
            cases->push_back(process_case(fault));
        }
    }
}

} // namespace

std::vector<Case> every_case() {
    std::vector<Case> cases;
    add_pause_cases(&cases); // some take more than a minute
    add_servers_cases(&cases);
    for (const auto& indices : all_combinations(kSizes)) {
        if (is_possible_at(indices)) {
            cases.push_back(process_case(fault_at(indices)));
        }
    }
    add_process_cases(big_faults(), &cases);
    return cases;
}

std::vector<Case> default_cases() {
    std::vector<Case> cases;
    add_pause_cases(&cases); // some take more than a minute
    add_servers_cases(&cases);
    for (const auto& indices : all_pairs(kSizes, is_possible_at)) {
        cases.push_back(process_case(fault_at(indices)));
    }
    add_process_cases(kSomeBigFaults, &cases);
    return cases;
}

std::vector<Case> random_cases(int count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    // Its own, because the library's distributions differ between libraries.
    const auto below = [&random](std::size_t limit) {
        return static_cast<std::size_t>(random() % limit);
    };
    std::vector<Case> cases;
    while (static_cast<int>(cases.size()) < count) {
        if (below(10) == 0) {
            const auto outage = value_at<Outage>(below(kOutageNames.size()));
            if (outage != Outage::kDns) {
                cases.push_back(network_case_for(outage, std::chrono::milliseconds(below(12'000))));
            }
            continue;
        }
        const ProcessFault fault =
            fault_at({below(kSizes[0]), below(kSizes[1]), below(kSizes[2]), below(kSizes[3])});
        const auto phase = value_at<Moment::Phase>(below(kPhaseNames.size()));
        // le-run has acquired and started its work some 300 ms after its own start.
        const std::size_t longest = phase == Moment::Phase::kStart ? 600 : 1500;
        const Moment moment{phase, std::chrono::milliseconds(below(longest))};
        if (is_possible(fault)) {
            cases.push_back(process_case_at(fault, moment));
        }
    }
    return cases;
}

std::vector<Case> cases_called(const std::string& name) {
    const auto at = name.find('@');
    const std::string base = name.substr(0, at);
    std::vector<Case> found;
    if (at == std::string::npos) {
        for (Case& one : every_case()) {
            if (one.name.rfind(name, 0) == 0) {
                found.push_back(std::move(one));
            }
        }
        return found;
    }
    const std::string rest = name.substr(at + 1);
    for (std::size_t i = 0; i < kOutageNames.size(); ++i) {
        if (network_frame(value_at<Outage>(i)).name == base) {
            found.push_back(
                network_case_for(value_at<Outage>(i), std::chrono::milliseconds(std::stol(rest))));
        }
    }
    const auto plus = rest.find('+');
    for (const auto& indices : all_combinations(kSizes)) {
        for (std::size_t i = 0; i < kPhaseNames.size() && plus != std::string::npos; ++i) {
            if (name_of(fault_at(indices)) == base && kPhaseNames.at(i) == rest.substr(0, plus)) {
                const std::chrono::milliseconds delay(std::stol(rest.substr(plus + 1)));
                found.push_back(
                    process_case_at(fault_at(indices), {value_at<Moment::Phase>(i), delay}));
            }
        }
    }
    return found;
}

} // namespace le_run::test::faults
