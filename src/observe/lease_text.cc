#include "observe/lease_text.h"

#include <nlohmann/json.hpp>

#include "base/duration_text.h"
#include "base/one_line.h"
#include "observe/log.h"

namespace le_run::observe {
namespace {

using State = LeaseView::State;

constexpr std::size_t kMostOfAHolder = 256;
constexpr Duration kSecond = std::chrono::seconds(1);

std::string seconds_text(Duration d) {
    return format_duration(std::chrono::floor<std::chrono::seconds>(std::max(d, Duration::zero())));
}

std::string coloured(const std::string& text, State state, Colours colours) {
    if (colours == Colours::kNo) {
        return text;
    }
    const char* code = state == State::kLeads ? "32" : state == State::kFree ? "33" : "31";
    return std::string("\x1b[") + code + "m" + text + "\x1b[0m";
}

// The meaning of the state, and what follows from it.
std::string explained(const LeaseView& view, State state, TimePoint now, WallTime wall) {
    switch (state) {
    case State::kUnknown:
        return "not known yet";
    case State::kFree:
        return view.lease() ? "nobody leads: the lease was released"
                            : "nobody leads: there is no lease yet";
    case State::kLeads:
        return "leads, renewed " + seconds_text(*view.age(now, wall)) + " ago";
    case State::kUnsure:
        return "looks stale by its clock, renewed " + seconds_text(*view.age(now, wall)) +
               " ago; le-run waits to see whether its holder renews it";
    case State::kStale:
        return "stale: not renewed for its " + format_duration(view.duration()) +
               "; any candidate takes the lease";
    }
    return "";
}

double in_seconds(Duration d) {
    return static_cast<double>(std::chrono::round<std::chrono::milliseconds>(d).count()) / 1000;
}

} // namespace

const char* state_name(State state) {
    switch (state) {
    case State::kUnknown:
        return "unknown";
    case State::kFree:
        return "free";
    case State::kLeads:
        return "leads";
    case State::kUnsure:
        return "unsure";
    case State::kStale:
        return "stale";
    }
    return "";
}

std::string lease_table(const LeaseView& view, const std::string& lock, TimePoint now,
                        WallTime wall, Colours colours) {
    const State state = view.state(now, wall);
    std::string table;
    const auto row = [&](const std::string& name, const std::string& text) {
        std::string first = name;
        first.resize(13, ' ');
        table += first + text + "\n";
    };
    row("lock", lock);
    if (!view.holder().empty()) {
        row("holder", one_line(view.holder(), kMostOfAHolder));
    }
    row("state", coloured(explained(view, state, now, wall), state, colours));
    if (view.holder().empty()) {
        return table;
    }
    const election::LeaseRecord& record = view.lease()->record;
    if (record.acquire_time) {
        const Duration led =
            std::chrono::microseconds(wall.microseconds - record.acquire_time->microseconds);
        row("since", time_text(record.acquire_time->microseconds) + " (" + seconds_text(led) + ")");
    }
    if (state == State::kLeads) {
        const Duration left = *view.left(now, wall);
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(left).count();
        row("until", time_text(wall.microseconds + us) + " (" + seconds_text(left + kSecond / 2) +
                         " left), unless renewed");
    }
    row("duration", format_duration(view.duration()));
    row("transitions", std::to_string(record.transitions));
    return table;
}

std::string lease_line(const LeaseView& view, TimePoint now, WallTime wall) {
    const std::string holder =
        view.holder().empty() ? "" : one_line(view.holder(), kMostOfAHolder) + ": ";
    return time_text(wall.microseconds) + " " + holder +
           explained(view, view.state(now, wall), now, wall) + "\n";
}

std::string lease_json(const LeaseView& view, const std::string& lock, TimePoint now,
                       WallTime wall) {
    nlohmann::ordered_json json;
    json["time"] = time_text(wall.microseconds);
    json["lock"] = lock;
    json["state"] = state_name(view.state(now, wall));
    json["holder"] = view.holder();
    if (!view.holder().empty()) {
        const election::LeaseRecord& record = view.lease()->record;
        if (record.acquire_time) {
            json["acquired"] = time_text(record.acquire_time->microseconds);
        }
        if (record.renew_time) {
            json["renewed"] = time_text(record.renew_time->microseconds);
        }
        json["age_seconds"] = in_seconds(*view.age(now, wall));
        json["left_seconds"] = in_seconds(*view.left(now, wall));
        json["lease_duration_seconds"] = in_seconds(view.duration());
        json["transitions"] = record.transitions;
    }
    if (view.lease()) {
        json["version"] = view.lease()->version.text;
    }
    return json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

} // namespace le_run::observe
