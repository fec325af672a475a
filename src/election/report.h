// What the election tells people, one type for each fact. observe/ chooses the words.
//
// kName: the "event" of a log line in JSON, which users' filters know.
#pragma once

#include <string>
#include <variant>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::election {

namespace told {

struct Contending { // takes part (again)
    static constexpr const char* kName = "contending";
};
struct NotContending { // no acquisition before `left` has passed
    static constexpr const char* kName = "not_contending";
    std::string cause;
    Duration left{};
};
struct HoldingBack { // after a lost lease, or a child that ended: another replica goes first
    static constexpr const char* kName = "holding_back";
    Duration wait{};
};

// --- of others ---
struct NewLeader { // by the record seen last
    static constexpr const char* kName = "new_leader";
    HolderIdentity holder;
};
struct Held { // by one that has not been seen renewing: it may be dead
    static constexpr const char* kName = "held";
    HolderIdentity holder;
};
struct LongDuration { // far longer than this configuration's
    static constexpr const char* kName = "long_duration";
    HolderIdentity holder;
    Duration promised{};
};
struct OtherDuration { // than this configuration's
    static constexpr const char* kName = "other_duration";
    HolderIdentity holder;
    Duration promised{};
};
struct Vanished { // deleted, or emptied, without a release; `wait` until it has run out
    static constexpr const char* kName = "vanished";
    HolderIdentity holder;
    std::string how;
    Duration wait{};
};

// --- of this leadership ---
struct Acquired {
    static constexpr const char* kName = "acquired";
    FencingToken token;
    Duration left{}; // until the lease runs out, counted from the send of the write
};
struct Renewed {
    static constexpr const char* kName = "renewed";
    Duration took{}; // from the send of the write until its success was known
    Duration left{}; // until the lease runs out
};
struct RenewalFailing {
    static constexpr const char* kName = "renewal_failing";
    std::string error;
    Duration left{}; // until the work is asked to stop
};
struct RenewalWorks { // again
    static constexpr const char* kName = "renewal_works";
};
struct MarginGrown { // without a renewal the work is stopped and killed so long after the last one
    static constexpr const char* kName = "margin_grown";
    std::string cause;
    Duration stop_after{}, kill_after{};
};
struct SteppingDown { // the lease cannot be kept safe; it is held, and will be released
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
struct Holding { // the work has ended; the lease is kept
    static constexpr const char* kName = "holding";
    Duration left{};
};
struct Released {
    static constexpr const char* kName = "released";
};
struct NotReleased { // it runs out by itself in `left`, where that is above zero
    static constexpr const char* kName = "not_released";
    std::string cause;
    Duration left{};
};

// --- of the store ---
struct StoreTrouble { // on standby, or in a hold; le-run ends in `left`, where that is above zero
    static constexpr const char* kName = "store_trouble";
    std::string error;
    Duration left{};
};
struct StoreWorks { // again
    static constexpr const char* kName = "store_works";
};
struct WatchFails { // the lease is read once in `every` until the watch works again
    static constexpr const char* kName = "watch_fails";
    std::string error;
    Duration every{};
};
struct WatchWorks { // again
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
