#include "guard/guard_outbox.h"

#include <algorithm>

namespace le_run::guard {

void GuardOutbox::tell(const FromGuard& message) {
    if (is_closed_) {
        return;
    }
    if (unsent_count_ < unsent_.size()) {
        unsent_[unsent_count_++] = message;
    }
    flush();
}

bool GuardOutbox::tell_now(const FromGuard& message) {
    flush();
    return !is_closed_ && !has_unsent() && send(message);
}

void GuardOutbox::answer(const Pong& pong) {
    unsent_pong_ = pong;
    flush();
}

void GuardOutbox::flush() {
    std::size_t sent = 0;
    while (sent < unsent_count_ && send(unsent_[sent])) {
        ++sent;
    }
    std::copy(unsent_.begin() + static_cast<std::ptrdiff_t>(sent),
              unsent_.begin() + static_cast<std::ptrdiff_t>(unsent_count_), unsent_.begin());
    unsent_count_ -= sent;
    if (unsent_count_ == 0 && unsent_pong_ && send(*unsent_pong_)) {
        unsent_pong_.reset();
    }
}

void GuardOutbox::close() {
    is_closed_ = true;
    unsent_count_ = 0;
    unsent_pong_.reset();
}

bool GuardOutbox::send(const FromGuard& message) {
    last_sent_ = channel_.try_send(message);
    return last_sent_ == GuardEnd::Sent::kYes;
}

} // namespace le_run::guard
