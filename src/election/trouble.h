// Decides which failure gets a log line: a new one does, a repeated one does not.
#pragma once

#include <string>
#include <vector>

#include "base/time_point.h"

namespace le_run::election {

class Trouble {
public:
    // Two failures that alternate are both reported, and then not again for this long.
    static constexpr Duration kRest = std::chrono::minutes(1);

    // `text` happened at `now`: whether to report it. Numbers in the text do not count, because
    // times and ports change from try to try.
    bool is_news(TimePoint now, const std::string& text);
    void is_over() {
        told_.clear();
        last_.clear();
    }
    // Keeps `text` as the last failure without reporting it: it may become the cause of a later
    // report.
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
