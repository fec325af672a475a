// Drives a Leader with the real clocks, its wake-up timer and the store.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "leader/leader.h"
#include "process/boottime_timer.h"
#include "store/lease_store.h"

namespace le_run::app {

// Loop thread only.
class LeaderLoop {
public:
    // `others` carries out each effect that is not about the store. It must not call step().
    LeaderLoop(boost::asio::io_context& loop, leader::Leader leader,
               std::function<void(const leader::Effect&)> others);

    void use(std::unique_ptr<store::LeaseStore> store) {
        store_ = std::move(store);
    } // before step()
    void close_store() { store_.reset(); }
    void step(const leader::Event& event);

private:
    void carry_out(const election::ReadLease& read);
    void carry_out(const election::WriteLease& write);
    void carry_out(const leader::WatchLease& watch);
    template <class Other>
    void carry_out(const Other& effect) {
        others_(effect);
    }

    leader::Leader leader_;
    std::function<void(const leader::Effect&)> others_;
    std::unique_ptr<store::LeaseStore> store_;
    process::BoottimeTimer wakeup_;
    Clock clock_;
};

} // namespace le_run::app
