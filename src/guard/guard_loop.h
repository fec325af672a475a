// The guard's main loop. It looks at the clock, the child, le-run and the channel, in this order,
// asks ChildMachine, and acts. One thread. After the constructor, the way from a deadline to Gone
// allocates no memory and opens no descriptor.
#pragma once

#include <sys/types.h>

#include "base/clock.h"
#include "guard/channel.h"
#include "guard/child_machine.h"
#include "guard/guard.h"
#include "guard/guard_log.h"
#include "guard/guard_outbox.h"
#include "guard/hang_watch.h"
#include "guard/lateness_meter.h"
#include "guard/newest_process.h"
#include "guard/process_tree.h"
#include "guard/spawn.h"
#include "guard/tree_gauge.h"

namespace le_run::guard {

class GuardLoop {
public:
    struct LeRun {
        int pidfd = -1;     // readable when le-run is dead
        int ending_fd = -1; // a byte written there ends le-run
        bool is_pid_1 = false;
    };

    // Owns `channel`. `setup` must live as long as the GuardLoop.
    GuardLoop(const GuardSetup& setup, const SpawnSurroundings& surroundings, const LeRun& le_run,
              int channel);
    ~GuardLoop();
    GuardLoop(const GuardLoop&) = delete;
    GuardLoop& operator=(const GuardLoop&) = delete;

    // Returns when le-run is dead, no process of the tree is left, and the try to release the lease
    // in le-run's place is over.
    void run();

private:
    void look();
    void wait();
    Duration until_next_look(TimePoint now) const;
    bool is_news_within(Duration timeout);
    void step(const ChildFact& fact);
    void act(const child_action::Spawn& action);
    void act(const child_action::SignalChild& action);
    void act(const child_action::SignalOthers& action);
    void act(const child_action::Tell& action);
    void act(const child_action::Release& action);
    void act(const child_action::Leave& action);

    void note_exec_report();
    void reap();
    void kill_tree();
    void measure_tree();
    void notice_le_runs_death();
    void read_messages(int most);
    void on_message(const ToGuard& message);
    void end_hung_le_run();
    void tell_of_silence();
    void note_lateness(TimePoint now, Duration slept, Duration late);
    bool is_idle() const { return machine_.state() == ChildMachine::State::kIdle; }
    bool is_killing() const { return machine_.state() == ChildMachine::State::kKilling; }

    enum class Life { kOn, kOver };
    // Only a hint about le-run's death: another process may hold a copy of the channel's end.
    enum class ChannelState { kOpen, kClosed };

    const GuardSetup& setup_;
    Clock clock_;
    LeRun le_run_; // its pidfd is -1 after le-run's death was noticed
    GuardEnd channel_;
    GuardOutbox outbox_{channel_};
    ChannelState channel_state_ = ChannelState::kOpen;
    Life life_ = Life::kOn;
    int sigchld_fd_ = -1;
    int timer_fd_ = -1;
    ProcessTree tree_;
    NewestProcess newest_process_;
    TreeGauge gauge_;
    Spawner spawner_;
    ChildMachine machine_;
    HangWatch hang_watch_;
    GuardLog log_;

    const Start* asked_ = nullptr; // the Start message that is being handled
    pid_t child_ = 0;              // 0 after the child was reaped
    Duration kill_pause_{};        // between two rounds of killing
    bool is_round_over_ = true;    // false: the next part of the round is due at once
    LatenessMeter lateness_;
};

} // namespace le_run::guard
