// Which failure is worth a line: one trouble is told once, and then only its change.
#pragma once

#include <string>
#include <vector>

#include "base/time_point.h"

namespace le_run::election {

class Trouble {
public:
    // Two troubles that take turns are both told, and then rest for this long.
    static constexpr Duration kRest = std::chrono::minutes(1);

    // `text` happened at `now`; whether that is to be told. Numbers do not count: clocks, durations
    // and ports in the words for one trouble change from try to try.
    bool is_news(TimePoint now, const std::string& text);
    void is_over() {
        told_.clear();
        last_.clear();
    }
    // The words of the last one, told or not; for what it will have led to.
    void note(const std::string& text) { last_ = text; }
    const std::string& last() const { return last_; }

private:
    struct Told {
        std::string words;
        TimePoint at;
    };
    std::vector<Told> told_; // the newest last
    std::string last_;
};

} // namespace le_run::election
