#include "leader/signal_rules.h"

#include <csignal>

namespace le_run::leader {
namespace {

// An image's STOPSIGNAL may be any signal, and whoever names it in --stop-signal is told to stop by
// it. But a terminal sends SIGWINCH for a new size of its window.
bool asks_to_stop(int number, const SignalScene& scene) {
    if (number == SIGWINCH && scene.is_from_kernel) {
        return false;
    }
    return number == SIGTERM || number == SIGINT || number == scene.stop_signal;
}

} // namespace

SignalMeaning meaning_of(int number, const SignalScene& scene) {
    if (number == SIGTTIN || number == SIGTTOU) { // they speak of le-run's own terminal
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
