// What the guard has to tell le-run, in order, until the kernel takes it. It allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "guard/channel.h"

namespace le_run::guard {

class GuardOutbox {
public:
    explicit GuardOutbox(GuardEnd& channel) : channel_(channel) {}

    // Kept until it can be sent.
    void tell(const FromGuard& message);
    // Only of the moment, and behind all that waits. False: not sent.
    bool tell_now(const FromGuard& message);
    // Behind all that waits; replaces an answer that could not be sent yet.
    void answer(const Pong& pong);
    void flush();
    // Nobody listens any more: forgets what waits, and takes nothing more.
    void close();

    bool has_unsent() const { return has_news_unsent() || unsent_pong_; }
    bool has_news_unsent() const { return unsent_count_ > 0; }
    // The channel is full: it says itself when there is room.
    bool waits_for_room() const { return has_unsent() && last_sent_ == GuardEnd::Sent::kFull; }
    // The kernel refused the last message for want of memory: only trying again tells when it has some.
    bool was_refused() const { return last_sent_ == GuardEnd::Sent::kRefused; }

private:
    bool send(const FromGuard& message);

    GuardEnd& channel_;
    std::array<FromGuard, 8> unsent_{};
    std::size_t unsent_count_ = 0;
    std::optional<Pong> unsent_pong_;
    GuardEnd::Sent last_sent_ = GuardEnd::Sent::kYes;
    bool is_closed_ = false;
};

} // namespace le_run::guard
