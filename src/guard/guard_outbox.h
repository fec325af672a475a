// Keeps the guard's messages to le-run, in order, until the kernel takes them. Allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "guard/channel.h"

namespace le_run::guard {

class GuardOutbox {
public:
    explicit GuardOutbox(GuardEnd& channel) : channel_(channel) {}

    // Keeps the message until it can be sent.
    void tell(const FromGuard& message);
    // Sends the message now, if no other message waits. False: it was not sent, and is not kept.
    bool tell_now(const FromGuard& message);
    // Sends the answer after all waiting messages. It replaces an older answer that still waits.
    void answer(const Pong& pong);
    void flush();
    // le-run does not read any more: drops all messages, and ignores new ones.
    void close();

    bool has_unsent() const { return has_news_unsent() || unsent_pong_; }
    bool has_news_unsent() const { return unsent_count_ > 0; }
    // The channel is full; poll() tells when there is room.
    bool waits_for_room() const { return has_unsent() && last_sent_ == GuardEnd::Sent::kFull; }
    // The kernel had no memory for the last message; only another try tells when it has.
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
