// What the election reports, one type for each fact. observe/ chooses the words.
//
// kName: the "event" of a log line in JSON. It never changes, because users filter by it.
#pragma once

#include <string>
#include <variant>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::election {

namespace told {

struct Contending { // this replica takes part, or takes part again
    static constexpr const char* kName = "contending";
};
struct NotContending { // this replica does not try to acquire before `left` has passed
    static constexpr const char* kName = "not_contending";
    std::string cause;
    Duration left{};
};
struct HoldingBack { // after a lost lease or the end of the work: another replica may go first
    static constexpr const char* kName = "holding_back";
    Duration wait{};
};

// --- about others ---
struct NewLeader { // the holder in the last record; it was seen to renew
    static constexpr const char* kName = "new_leader";
    HolderIdentity holder;
};
struct Held { // the holder was not seen to renew yet, so it may be dead
    static constexpr const char* kName = "held";
    HolderIdentity holder;
};
struct LongDuration { // the holder's lease duration is far longer than ours
    static constexpr const char* kName = "long_duration";
    HolderIdentity holder;
    Duration promised{};
};
struct OtherDuration { // the holder's lease duration differs from ours
    static constexpr const char* kName = "other_duration";
    HolderIdentity holder;
    Duration promised{};
};
struct Vanished { // the lease was deleted or emptied without a release; it runs out in `wait`
    static constexpr const char* kName = "vanished";
    HolderIdentity holder;
    std::string how;
    Duration wait{};
};

// --- about this leadership ---
struct Acquired {
    static constexpr const char* kName = "acquired";
    FencingToken token;
    Duration left{}; // until the lease runs out; its duration counts from the send of the write
};
struct Renewed {
    static constexpr const char* kName = "renewed";
    Duration took{}; // from the send of the write until its success was known
    Duration left{}; // until the lease runs out
};
struct RenewalFailing {
    static constexpr const char* kName = "renewal_failing";
    std::string error;
    Duration left{}; // until the work is stopped
};
struct RenewalWorks { // renewals succeed again
    static constexpr const char* kName = "renewal_works";
};
struct MarginGrown { // new times from the last renewal to the stop signal and to SIGKILL
    static constexpr const char* kName = "margin_grown";
    std::string cause;
    Duration stop_after{}, kill_after{};
};
struct SteppingDown { // the lease cannot be kept safely: it will be released after the work's end
    static constexpr const char* kName = "stepping_down";
    std::string cause;
};
struct StopBegins {
    static constexpr const char* kName = "stop_begins";
    std::string cause;
    Duration left{}; // until SIGKILL
};
struct Lost {
    static constexpr const char* kName = "lost";
    std::string cause;
};
struct Holding { // the work has ended; --hold keeps the lease
    static constexpr const char* kName = "holding";
    Duration left{};
};
struct Released {
    static constexpr const char* kName = "released";
};
struct NotReleased { // the lease runs out by itself in `left`, if that is above zero
    static constexpr const char* kName = "not_released";
    std::string cause;
    Duration left{};
};

// --- about the store ---
struct StoreTrouble { // on standby or in a hold; le-run ends in `left`, if that is above zero
    static constexpr const char* kName = "store_trouble";
    std::string error;
    Duration left{};
};
struct StoreWorks { // the store answers again
    static constexpr const char* kName = "store_works";
};
struct WatchFails { // until the watch works again, le-run reads the lease once in `every`
    static constexpr const char* kName = "watch_fails";
    std::string error;
    Duration every{};
};
struct WatchWorks { // the watch works again
    static constexpr const char* kName = "watch_works";
};

} // namespace told

using Report =
    std::variant<told::Contending, told::NotContending, told::HoldingBack, told::NewLeader,
                 told::Held, told::LongDuration, told::OtherDuration, told::Vanished,
                 told::Acquired, told::Renewed, told::RenewalFailing, told::RenewalWorks,
                 told::MarginGrown, told::SteppingDown, told::StopBegins, told::Lost, told::Holding,
                 told::Released, told::NotReleased, told::StoreTrouble, told::StoreWorks,
                 told::WatchFails, told::WatchWorks>;

inline const char* name_of(const Report& report) {
    return std::visit([](const auto& fact) { return fact.kName; }, report);
}

} // namespace le_run::election
