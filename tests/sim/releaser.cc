#include "sim/releaser.h"

#include <csignal>

#include "base/check.h"
#include "sim/report_name.h"

namespace le_run::sim {

using namespace le_run::election;

using namespace std::chrono_literals;

Releaser::Releaser(Surroundings& around, Host host, const Process& dead,
                   const ElectionConfig& config, const LeftBehind& left,
                   std::function<void()> ended)
    : around_(around), sim_(around.sim), host_(std::move(host)), dead_(dead),
      leader_({config, SIGTERM}, left, host_.clocks.now()), ended_(std::move(ended)) {
    sim_.trace([&] { return name() + " starts"; });
    sim_.after(around_.is_calm ? Duration(1ms) : sim_.between(Duration(0), Duration(50ms)),
               alive([this] { deliver(Tick{}); }));
}

void Releaser::deliver(const leader::Event& event) {
    const Duration resumes = host_.stands_still_until();
    if (sim_.now() < resumes) {
        sim_.at(resumes, alive([this, event] { deliver(event); }));
    } else {
        step(event);
    }
}

void Releaser::step(const leader::Event& event) {
    leader_.step(host_.clocks.now(), host_.clocks.wall(), event);
    if (const auto wait = leader_.next_wakeup(host_.clocks.now())) {
        sim_.after(host_.clocks.real_sleep(*wait) + 1ms, alive([this, number = ++wakeup_] {
                       if (number == wakeup_) {
                           deliver(Tick{});
                       }
                   }));
    }
    for (const leader::Effect& effect : leader_.take_effects()) {
        std::visit([this](const auto& e) { act(e); }, effect);
    }
    if (leader_.election().state() == Election::State::kDone) {
        ended_(); // and this is gone
    }
}

void Releaser::act(const ReadLease& read) {
    host_.line.carry(
        Line::Kind::kRead, [this_ = &around_.referee] { return this_->store().read(); },
        alive([this, attempt = read.attempt](const ReadOutcome& outcome) {
            deliver(ReadAnswered{attempt, outcome});
        }));
}

void Releaser::act(const WriteLease& write) {
    if (!write.record.holder.text.empty() || !write.base) {
        around_.referee.violated(name() + " writes something else than a release");
    }
    host_.line.carry(
        Line::Kind::kWrite,
        [&around = around_, dead = dead_, record = write.record, base = write.base] {
            WriteOutcome outcome = around.referee.write(dead, record, base);
            around.released_for_dead += std::holds_alternative<Written>(outcome) ? 1 : 0;
            return outcome;
        },
        alive([this, attempt = write.attempt](const WriteOutcome& outcome) {
            deliver(WriteAnswered{attempt, outcome});
        }));
}

void Releaser::act(const leader::Ends&) {}

void Releaser::act(const leader::Observed& observed) {
    sim_.trace([&] { return name() + " reports " + describe(std::get<Report>(observed)); });
}

template <class AboutWork>
void Releaser::act(const AboutWork&) {
    LE_CHECK(!"a releaser has no work");
}

} // namespace le_run::sim
