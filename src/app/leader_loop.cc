#include "app/leader_loop.h"

#include "base/wall_clock.h"

namespace le_run::app {

LeaderLoop::LeaderLoop(boost::asio::io_context& loop, leader::Leader leader,
                       std::function<void(const leader::Effect&)> others)
    : leader_(std::move(leader)), others_(std::move(others)),
      wakeup_(loop, [this] { step(election::Tick{}); }) {}

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

void LeaderLoop::carry_out(const election::ReadLease& read) {
    store_->async_read(
        read.timeout,
        [this, attempt = read.attempt](election::ReadOutcome outcome) {
            step(election::ReadAnswered{attempt, std::move(outcome)});
        },
        read.late);
}

void LeaderLoop::carry_out(const election::WriteLease& write) {
    store_->async_write(
        write.record, write.base, write.timeout,
        [this, attempt = write.attempt](election::WriteOutcome outcome) {
            step(election::WriteAnswered{attempt, std::move(outcome)});
        },
        write.late);
}

void LeaderLoop::carry_out(const leader::WatchLease&) {
    store_->watch([this](election::WatchNews news) { step(election::Watched{std::move(news)}); });
}

} // namespace le_run::app
