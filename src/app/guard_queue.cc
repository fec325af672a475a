#include "app/guard_queue.h"

#include <algorithm>

namespace le_run::app {
namespace {

constexpr Duration kRetryPause = std::chrono::milliseconds(20);
constexpr std::size_t kCrowd = 16;

} // namespace

GuardQueue::GuardQueue(boost::asio::io_context& loop, guard::LeRunEnd& channel)
    : channel_(channel), retry_(loop, [this] { flush(); }) {}

void GuardQueue::send(const guard::ToGuard& message) {
    const auto* until = std::get_if<guard::Until>(&message);
    if (until == nullptr || !merge(*until)) {
        unsent_.push_back(message);
    }
    flush();
}

guard::LeRunEnd::Sent GuardQueue::send_now(const guard::ToGuard& message) {
    const guard::LeRunEnd::Sent before = flush();
    return before == guard::LeRunEnd::Sent::kYes ? channel_.try_send(message) : before;
}

bool GuardQueue::is_crowded() const { return unsent_.size() >= kCrowd || channel_.is_half_full(); }

void GuardQueue::clear() {
    unsent_.clear();
    retry_.disarm();
}

guard::LeRunEnd::Sent GuardQueue::flush() {
    while (!unsent_.empty()) {
        const guard::LeRunEnd::Sent sent = channel_.try_send(unsent_.front());
        if (sent == guard::LeRunEnd::Sent::kClosed) {
            clear();
            return sent;
        }
        if (sent != guard::LeRunEnd::Sent::kYes) {
            retry_.arm(kRetryPause);
            return sent;
        }
        unsent_.pop_front();
    }
    return guard::LeRunEnd::Sent::kYes;
}

// True: a waiting Start has taken over the deadlines of `until`. An Until may be sent before a
// waiting Stop, because it never cancels a Stop.
bool GuardQueue::merge(const guard::Until& until) {
    for (guard::ToGuard& waiting : unsent_) {
        if (auto* start = std::get_if<guard::Start>(&waiting); start && start->run == until.run) {
            start->term_at = until.term_at;
            start->kill_at = until.kill_at;
            return true;
        }
    }
    std::erase_if(unsent_, [](const guard::ToGuard& waiting) {
        return std::holds_alternative<guard::Until>(waiting);
    });
    return false;
}

} // namespace le_run::app
