// A candidate of another kind: a program on client-go's leader election, as its source is read
// (try, sleep, try again), but one that keeps its own side of the agreement: it anchors its
// deadline before the send and ends its work at once. So an overlap with it is never its fault.
//
// What matters about it: it compares records with renewTime cut to whole seconds, waits the
// record's own duration from when it first saw it so, and creates a lease that is gone at once.
#pragma once

#include <optional>
#include <string>

#include "sim/surroundings.h"

namespace le_run::sim {

struct ClientGoSettings {
    Duration lease_duration; // whole seconds
    Duration renew_deadline;
    Duration retry_period;
};

class ClientGo {
public:
    ClientGo(Surroundings& around, std::size_t number, ClientGoSettings settings);

    void start();
    void ask_to_stop();
    void crash();
    void cut_off(Duration length) { line_.cut_until(sim_.now() + length); }

    bool is_up() const { return is_up_; }
    bool works() const { return works_; }

private:
    enum class Request { kNone, kRead, kWrite, kRelease };
    enum class Stop { kNone, kDraining, kReleasing };

    std::string name() const { return "g" + std::to_string(number_); }
    election::HolderIdentity identity() const { return {name() + "_" + std::to_string(life_)}; }

    void try_once();
    void send_read();
    void send_write(const std::optional<election::StoredLease>& base);
    void send_release(const election::StoredLease& base);
    template <class Answered>
    auto if_awaited(Answered answered);
    void on_read(const election::ReadOutcome& outcome);
    void on_write(const election::WriteOutcome& outcome, Leadership leadership);
    void try_failed();
    void observe(const election::StoredLease& lease);
    bool is_held_by_another() const;
    void end_work();
    void end();

    Surroundings& around_;
    Simulator& sim_;
    const std::size_t number_;
    const ClientGoSettings settings_;
    LocalClocks clocks_; // Go's is one; both are the same here
    Line line_;
    Timer next_try_, work_deadline_, request_timeout_;

    bool is_up_ = false;
    std::uint64_t life_ = 0;
    Request request_ = Request::kNone;
    std::uint64_t attempt_ = 0;
    Stop stop_ = Stop::kNone;

    std::optional<election::StoredLease> observed_;
    Duration observed_at_{};
    Duration sent_at_{};
    bool works_ = false;
};

} // namespace le_run::sim
