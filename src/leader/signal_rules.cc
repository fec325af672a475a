#include "leader/signal_rules.h"

#include <csignal>

namespace le_run::leader {
namespace {

// --stop-signal may be any signal, because an image's STOPSIGNAL may be any. One exception: the
// kernel sends SIGWINCH when a terminal's window changes its size, and that is no stop.
bool asks_to_stop(int number, const SignalScene& scene) {
    if (number == SIGWINCH && scene.is_from_kernel) {
        return false;
    }
    return number == SIGTERM || number == SIGINT || number == scene.stop_signal;
}

} // namespace

SignalMeaning meaning_of(int number, const SignalScene& scene) {
    if (number == SIGTTIN || number == SIGTTOU) { // about le-run's own use of the terminal
        return SignalMeaning::kNothing;
    }
    if (scene.child_runs) {
        const bool is_first = asks_to_stop(number, scene) && !scene.is_stop_asked;
        return is_first ? SignalMeaning::kStop : SignalMeaning::kPassOn;
    }
    const bool ends_standby = asks_to_stop(number, scene) || number == SIGQUIT ||
                              (number == SIGHUP && !scene.is_hup_ignored);
    return ends_standby ? SignalMeaning::kStop : SignalMeaning::kNothing;
}

} // namespace le_run::leader
