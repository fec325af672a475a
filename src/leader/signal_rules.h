// What a signal to le-run means. The table is in le-run(1), "Signals".
#pragma once

namespace le_run::leader {

struct SignalScene {
    int stop_signal = 0;         // --stop-signal
    bool child_runs = false;     // false: le-run is on standby
    bool is_stop_asked = false;  // an earlier signal asked for a stop
    bool is_hup_ignored = false; // le-run was started with SIGHUP ignored (nohup)
    bool is_from_kernel = false; // from a terminal, not from a process
};

enum class SignalMeaning { kNothing, kStop, kPassOn };

SignalMeaning meaning_of(int number, const SignalScene& scene);

} // namespace le_run::leader
