// What a signal to le-run means: the table of le-run(1), "Signals".
#pragma once

namespace le_run::leader {

struct SignalScene {
    int stop_signal = 0;         // --stop-signal
    bool child_runs = false;     // else le-run stands by
    bool is_stop_asked = false;  // by an earlier signal
    bool is_hup_ignored = false; // since before le-run was started (nohup)
    bool is_from_kernel = false; // a terminal, not a process
};

enum class SignalMeaning { kNothing, kStop, kPassOn };

SignalMeaning meaning_of(int number, const SignalScene& scene);

} // namespace le_run::leader
