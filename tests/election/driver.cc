#include "election/driver.h"

#include <algorithm>

#include "base/check.h"
#include "base/duration_text.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;

// "stop-begins", and whom it is about.
std::string describe(const Report& report) {
    std::string text = name_of(report);
    std::replace(text.begin(), text.end(), '_', '-');
    std::visit(
        [&](const auto& fact) {
            if constexpr (requires { fact.holder; }) {
                text += " " + fact.holder.text;
            }
        },
        report);
    return text;
}

std::string name(StopCause cause) {
    static const char* names[] = {"step-down", "renew-deadline", "other-holder", "vanished",
                                  "margin"};
    return names[static_cast<int>(cause)];
}

std::string name(Ending ending) {
    static const char* names[] = {"stopped", "work-ended", "lost",      "not-won",
                                  "denied",  "unusable",   "guard-lost"};
    return names[static_cast<int>(ending)];
}

// The "extend" beside it says the same.
bool is_renewed(const Action& action) {
    const auto* report = std::get_if<Report>(&action);
    return report != nullptr && std::holds_alternative<told::Renewed>(*report);
}

} // namespace

ElectionConfig usual_config() {
    ElectionConfig config;
    config.id = {"me"};
    return config;
}

Driver::Driver(ElectionConfig config) : election_(std::move(config), now_) {}

Driver::Driver(const LeftBehind& left, ElectionConfig config)
    : election_(std::move(config), left, now_) {}

void Driver::pass_in_silence(Duration d, const ReadOutcome& outcome) {
    const TimePoint end = now_ + d;
    while (wakeup() < left_for_holder(now_, end)) {
        pass(wakeup());
        LE_CHECK(tick() == std::vector<std::string>{"read"});
        LE_CHECK(read(outcome).empty());
    }
    pass(left_for_holder(now_, end));
}

std::vector<std::string> Driver::step(const Fact& fact) {
    election_.step(now_, wall, fact);
    std::vector<std::string> lines;
    for (const Action& action : election_.take_actions()) {
        if (!is_renewed(action)) {
            lines.push_back(line(action));
        }
    }
    return lines;
}

std::string Driver::line(const Action& action) {
    const auto in = [&](TimePoint t) {
        const Duration left = left_for_holder(now_, t);
        return left > 1000h ? std::string("never") : format_duration(left);
    };
    if (const auto* read = std::get_if<ReadLease>(&action)) {
        last_attempt_ = read->attempt;
        return "read";
    }
    if (const auto* write = std::get_if<WriteLease>(&action)) {
        last_attempt_ = write->attempt;
        last_written_ = write->record;
        const std::string what = write->record.holder.text.empty() ? "release"
                                 : write->record.acquire_time == write->record.renew_time
                                     ? "acquire"
                                     : "renew";
        return what + (write->base ? " over " + write->base->version.text : " anew");
    }
    if (const auto* start = std::get_if<StartWork>(&action)) {
        acquire_time_ = start->acquire_time;
        return "start token " + start->token.text + " term " + in(start->term_at) + " kill " +
               in(start->kill_at);
    }
    if (const auto* extend = std::get_if<ExtendWork>(&action)) {
        return "extend term " + in(extend->term_at) + " kill " + in(extend->kill_at);
    }
    if (const auto* stop = std::get_if<StopWork>(&action)) {
        return "stop " + name(stop->cause) + " kill " + in(stop->kill_at);
    }
    if (const auto* finish = std::get_if<Finish>(&action)) {
        return "finish " + name(finish->ending);
    }
    return "report " + describe(std::get<Report>(action));
}

StoredLease Driver::lease_of(const std::string& holder, std::int64_t seconds) {
    LeaseRecord record;
    record.holder = {holder};
    record.lease_duration_seconds = seconds;
    record.acquire_time = WallTime{1};
    record.renew_time = WallTime{2};
    record.transitions = 3;
    return {record, Version{"v" + std::to_string(++versions_)}, {}};
}

StoredLease Driver::last_record() {
    return {last_written_, Version{"v" + std::to_string(++versions_)}, {}};
}

std::vector<std::string> Driver::written() {
    const StoredLease lease = last_record();
    return write(Written{lease, FencingToken{lease.version.text.substr(1)}});
}

void Driver::become_standby() {
    tick();
    read(lease_of("other"));
    LE_CHECK(election_.state() == Election::State::kStandby);
}

void Driver::become_acquiring() {
    tick();
    read(Absent{});
    LE_CHECK(election_.state() == Election::State::kAcquiring);
}

void Driver::become_leading() {
    become_acquiring();
    written();
    LE_CHECK(election_.state() == Election::State::kLeading);
}

void Driver::become_stopping() {
    become_leading();
    step(StepDownAsked{StepDownReason::kAsked});
    LE_CHECK(election_.state() == Election::State::kStopping);
}

void Driver::become_releasing() {
    become_stopping();
    step(WorkGone{WorkEnd::kStopped});
    LE_CHECK(election_.state() == Election::State::kReleasing);
}

std::string state_name(Election::State state) {
    static const char* names[] = {"standby", "acquiring", "leading", "stopping",
                                  "holding", "releasing", "done"};
    return names[static_cast<int>(state)];
}

} // namespace le_run::test
