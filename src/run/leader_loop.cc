#include "run/leader_loop.h"

#include "run/wall_clock.h"

namespace le_run {

LeaderLoop::LeaderLoop(boost::asio::io_context& loop, leader::Leader leader,
                       std::function<void(const leader::Effect&)> others)
    : leader_(std::move(leader)), others_(std::move(others)),
      wakeup_(loop, [this] { step(Tick{}); }) {}

void LeaderLoop::step(const leader::Event& event) {
    leader_.step(clock_.now(), wall_now(), event);
    for (const leader::Effect& effect : leader_.take_effects()) {
        std::visit([this](const auto& e) { carry_out(e); }, effect);
    }
    if (const auto wait = leader_.next_wakeup(clock_.now())) {
        wakeup_.arm(*wait);
    } else {
        wakeup_.disarm();
    }
}

void LeaderLoop::carry_out(const ReadLease& read) {
    store_->async_read(
        read.timeout,
        [this, attempt = read.attempt](ReadOutcome outcome) {
            step(ReadAnswered{attempt, std::move(outcome)});
        },
        read.late);
}

void LeaderLoop::carry_out(const WriteLease& write) {
    store_->async_write(
        write.record, write.base, write.timeout,
        [this, attempt = write.attempt](WriteOutcome outcome) {
            step(WriteAnswered{attempt, std::move(outcome)});
        },
        write.late);
}

void LeaderLoop::carry_out(const leader::WatchLease&) {
    store_->watch([this](WatchNews news) { step(Watched{std::move(news)}); });
}

} // namespace le_run
