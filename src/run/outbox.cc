#include "run/outbox.h"

#include <algorithm>

namespace le_run {
namespace {

constexpr Duration kRetryPause = std::chrono::milliseconds(20);
constexpr std::size_t kCrowd = 16;

} // namespace

Outbox::Outbox(boost::asio::io_context& loop, LeRunEnd& channel)
    : channel_(channel), retry_(loop, [this] { flush(); }) {}

void Outbox::send(const ToGuard& message) {
    const auto* until = std::get_if<Until>(&message);
    if (until == nullptr || !merge(*until)) {
        unsent_.push_back(message);
    }
    flush();
}

LeRunEnd::Sent Outbox::send_now(const ToGuard& message) {
    const LeRunEnd::Sent before = flush();
    return before == LeRunEnd::Sent::kYes ? channel_.try_send(message) : before;
}

bool Outbox::is_crowded() const { return unsent_.size() >= kCrowd || channel_.is_half_full(); }

void Outbox::clear() {
    unsent_.clear();
    retry_.disarm();
}

LeRunEnd::Sent Outbox::flush() {
    while (!unsent_.empty()) {
        const LeRunEnd::Sent sent = channel_.try_send(unsent_.front());
        if (sent == LeRunEnd::Sent::kClosed) {
            clear();
            return sent;
        }
        if (sent != LeRunEnd::Sent::kYes) {
            retry_.arm(kRetryPause);
            return sent;
        }
        unsent_.pop_front();
    }
    return LeRunEnd::Sent::kYes;
}

// An Until never cancels a Stop, so it may go before one. True: a Start that waits carries it now.
bool Outbox::merge(const Until& until) {
    for (ToGuard& waiting : unsent_) {
        if (auto* start = std::get_if<Start>(&waiting); start && start->run == until.run) {
            start->term_at = until.term_at;
            start->kill_at = until.kill_at;
            return true;
        }
    }
    std::erase_if(unsent_,
                  [](const ToGuard& waiting) { return std::holds_alternative<Until>(waiting); });
    return false;
}

} // namespace le_run
