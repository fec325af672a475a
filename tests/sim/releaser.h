// The process that a guard starts when its le-run is dead and its tree gone: a real Leader that
// only releases.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "leader/leader.h"
#include "sim/surroundings.h"

namespace le_run::sim {

class Releaser {
public:
    struct Host { // where it runs; all of it outlives the releaser
        const LocalClocks& clocks;
        Line& line;
        std::function<Duration()> stands_still_until;
    };

    // In the place of `dead`. `ended` is called when it ends by itself, and may destroy it.
    Releaser(Surroundings& around, Host host, const Process& dead,
             const election::ElectionConfig& config, const election::LeftBehind& left,
             std::function<void()> ended);

private:
    void deliver(const leader::Event& event);
    void step(const leader::Event& event);
    void act(const election::ReadLease& read);
    void act(const election::WriteLease& write);
    void act(const leader::Ends&);
    void act(const leader::Observed& observed);
    template <class AboutWork>
    void act(const AboutWork&);
    // `event`, but only while this process lives.
    template <class Event>
    auto alive(Event event) {
        return [life = std::weak_ptr<char>(life_), event](const auto&... what) {
            if (!life.expired()) {
                event(what...);
            }
        };
    }
    std::string name() const { return "c" + std::to_string(dead_.party) + "'s releaser"; }

    Surroundings& around_;
    Simulator& sim_;
    const Host host_;
    const Process dead_;
    leader::Leader leader_;
    std::function<void()> ended_;
    std::uint64_t wakeup_ = 0; // the one that counts
    std::shared_ptr<char> life_ = std::make_shared<char>();
};

} // namespace le_run::sim
