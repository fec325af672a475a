#include "election/trouble.h"

#include <algorithm>

namespace le_run::election {

bool Trouble::is_news(TimePoint now, const std::string& text) {
    constexpr std::size_t kMost = 16;
    note(text);
    std::string words = text;
    std::erase_if(words, [](char c) { return c >= '0' && c <= '9'; });
    const auto known = std::find_if(told_.begin(), told_.end(),
                                    [&](const Told& told) { return told.words == words; });
    if (known != told_.end()) {
        const bool is_last = known + 1 == told_.end();
        if (is_last || !has_passed_for_holder(now, known->at + kRest)) {
            return false;
        }
        told_.erase(known);
    } else if (told_.size() == kMost) {
        told_.erase(told_.begin());
    }
    told_.push_back({std::move(words), now});
    return true;
}

} // namespace le_run::election
