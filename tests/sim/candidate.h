// One simulated replica: le-run (the real Election), its guard (the real ChildMachine) and the
// child's tree.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "election/election.h"
#include "guard/child_machine.h"
#include "sim/register.h"
#include "sim/simulator.h"

namespace le_run::sim {

// What the candidates share.
struct Surroundings {
    Register store;
    bool is_calm = false;         // no more loss, delay or crashes
    bool is_final = false;        // who ends now stays away
    bool is_at_the_bound = false; // lambda, kappa, rho and drains used up
    double loss = 0;              // probability that an answer is lost
    double duplication = 0;       // that a write is sent twice
    double trouble = 0;           // that the server answers 5xx, having written or not
    Duration typical_delay{};
    std::function<void(const std::string&)> violated;
    std::function<bool(const class Candidate&)> other_work_runs;
    int leaderships = 0, lost = 0, killed_trees = 0;
};

class Candidate {
public:
    Candidate(Simulator& simulator, Surroundings& around, int number, ElectionConfig config);

    void start(); // a new process
    void ask_to_stop();
    void pause(Duration length);
    void crash();
    void kill_guard();
    void cut_off(Duration length);
    void measure_margin(Duration margin); // and, some time later, that all is well again
    void step_wall_clock(std::int64_t microseconds) { wall_offset_ += microseconds; }
    void hold_wall_clock() { wall_held_at_ = wall().microseconds; }

    bool work_runs() const { return work_ != Work::kNone; }
    bool is_up() const { return election_ != nullptr; }
    const Timing& timing() const { return config_.timing; }

private:
    enum class Work { kNone, kSpawning, kRunning, kChildEnded, kAfterGuard };

    Duration guard_lateness();
    Duration sweep_time();
    TimePoint local() const;
    WallTime wall() const;
    Duration real_until(TimePoint deadline) const;
    std::string name() const { return "c" + std::to_string(number_); }

    void step(const Fact& fact);
    void deliver(std::uint64_t life, std::function<void()> event);
    void act(const ReadLease& read);
    void act(const WriteLease& write);
    void act(const StartWork& start);
    void act(const ExtendWork& extend);
    void act(const StopWork& stop);
    void act(const Report& report);
    void act(const Finish& finish);
    void end_process();
    void answer(std::function<Fact()> commit, bool is_write);

    void tell_guard(const ToGuard& message);
    void guard_step(const ChildFact& fact);
    void guard_acts(const child_action::Spawn&);
    void guard_acts(const child_action::SignalChild& action);
    void guard_acts(const child_action::SignalOthers& action);
    void guard_acts(const child_action::Tell& action);
    void guard_acts(const child_action::Leave&);
    void arm_guard();
    void exec();
    void child_ends(int wait_status, bool leaves_others);
    void tree_gone();

    Simulator& sim_;
    Surroundings& around_;
    const int number_;
    ElectionConfig config_;
    const double boot_rate_, raw_rate_;
    const Duration boot_at_zero_;
    std::int64_t wall_offset_ = 0;
    std::optional<std::int64_t> wall_held_at_;

    std::unique_ptr<Election> election_;
    std::uint64_t life_ = 0; // of the le-run process; what an earlier one started is void
    std::uint64_t timer_ = 0;
    Duration paused_until_{}, cut_off_until_{};
    RunNumber run_ = 0;

    std::unique_ptr<ChildMachine> guard_;
    std::uint64_t guard_timer_ = 0;
    Duration channel_busy_until_{};
    Work work_ = Work::kNone;
    std::uint64_t work_number_ = 0;
    std::uint64_t sweep_of_ = 0; // the work that is being killed
    bool drains_ = false;
};

} // namespace le_run::sim
