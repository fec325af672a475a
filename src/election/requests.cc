#include "election/requests.h"

#include <algorithm>
#include <utility>

#include "check.h"

namespace le_run {
namespace {

// More overdue requests than this are forgotten, oldest first: what they could prove is too old.
constexpr std::size_t kMostOverdue = 16;

} // namespace

Attempt Requests::send(Kind kind, TimePoint now, std::optional<WallTime> renew_time) {
    LE_CHECK(!current_);
    current_ = Request{Attempt{++last_}, kind, now, renew_time};
    return current_->attempt;
}

bool Requests::awaits(Attempt attempt) const {
    return is_current(attempt) ||
           std::any_of(overdue_.begin(), overdue_.end(),
                       [&](const Request& request) { return request.attempt == attempt; });
}

Requests::Request Requests::answered(Attempt attempt) {
    LE_CHECK(awaits(attempt));
    if (is_current(attempt)) {
        return *std::exchange(current_, std::nullopt);
    }
    const auto found = std::find_if(overdue_.begin(), overdue_.end(), [&](const Request& request) {
        return request.attempt == attempt;
    });
    const Request request = *found;
    overdue_.erase(found);
    return request;
}

Requests::Request Requests::overdue() {
    LE_CHECK(current_.has_value());
    if (overdue_.size() == kMostOverdue) {
        overdue_.erase(overdue_.begin());
    }
    overdue_.push_back(*std::exchange(current_, std::nullopt));
    return overdue_.back();
}

void Requests::forget() {
    current_.reset();
    overdue_.clear();
}

void Requests::forget_reads() {
    const auto is_read = [](const Request& request) { return request.kind == Kind::kRead; };
    if (current_ && is_read(*current_)) {
        current_.reset();
    }
    std::erase_if(overdue_, is_read);
}

void Requests::next(Kind kind, TimePoint at) {
    next_ = kind;
    next_at_ = at;
}

} // namespace le_run
