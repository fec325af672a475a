// le-run reads its options, forks the guard, and runs. No thread and no socket exists before the
// guard.
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/become_command.h"
#include "app/release.h"
#include "app/run.h"
#include "app/signal_source.h"
#include "app/status.h"
#include "base/exit_code.h"
#include "options/options.h"
#include "preflight/check.h"
#include "preflight/rbac.h"

namespace {

using namespace le_run;
using namespace le_run::app;

void print(FILE* stream, const std::string& text) {
    std::fputs(text.c_str(), stream);
    std::fflush(stream);
}

sigset_t mask_at_start;

// Blocks all signals as soon as the dynamic linker is done; they wait for the loop. An earlier
// SIGTERM ends le-run, or is lost if le-run is PID 1. It runs before all library constructors, so
// sanitizers are not ready yet, and it makes a plain system call.
__attribute__((no_sanitize("address", "thread", "undefined"))) void block_signals(int, char**,
                                                                                  char**) {
    constexpr std::size_t kKernelSetSize = 8;
    std::uint64_t set = ~std::uint64_t{0};
    for (const int crash : kCrashSignals) {
        set &= ~(std::uint64_t{1} << (crash - 1));
    }
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, &mask_at_start, kKernelSetSize);
}
__attribute__((section(".preinit_array"), used)) void (*const kFirst)(int, char**,
                                                                      char**) = block_signals;

void exit_by_guard(int) { ::_exit(kExitCannot); }

// As PID 1 of a container, le-run cannot be killed from inside. So the guard uses this signal to
// end a le-run that hangs.
void leave_a_door_for_the_guard() {
    if (::getpid() != 1) {
        return;
    }
    struct sigaction action{};
    action.sa_handler = exit_by_guard;
    ::sigaction(SIGRTMAX, &action, nullptr);
    sigset_t door;
    ::sigemptyset(&door);
    ::sigaddset(&door, SIGRTMAX);
    ::sigprocmask(SIG_UNBLOCK, &door, nullptr);
}

// If SIGCHLD is ignored, the kernel reaps children itself. le-run and its guard must see each end.
bool take_back_sigchld() {
    struct sigaction before{};
    struct sigaction normal{};
    normal.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &normal, &before);
    return before.sa_handler == SIG_IGN;
}

// Fills closed standard streams. Otherwise one of le-run's own descriptors would get such a number,
// and log lines would go there. O_PATH behaves like a closed one, and the child gets it closed.
void keep_closed_streams_closed() {
    int fd = 0;
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = ::open("/", O_PATH | O_CLOEXEC);
    }
    if (fd > STDERR_FILENO) {
        ::close(fd);
    }
}

int start(const options::Options& options, const sigset_t& signal_mask, bool sigchld_ignored) {
    guard::GuardSetup setup;
    setup.program = options.program;
    setup.argv = options.command;
    setup.environment = options.environment;
    setup.stop_signal = options.stop_signal;
    setup.allow_new_privileges = options.allow_new_privileges;
    setup.pid_namespace = options.pid_namespace;
    setup.signal_mask = signal_mask;
    setup.sigchld_ignored = sigchld_ignored;
    if (options.log_level <= observe::LogLevel::kWarning) {
        setup.log = options.log_format == observe::LogFormat::kText ? guard::LogForm::kText
                                                                    : guard::LogForm::kJson;
    }
    const election::Timing& timing = options.election.timing;
    setup.held_after_kill_at = timing.lease_duration - timing.usable();
    setup.release = [&options](WallTime acquire_time, TimePoint until) {
        release(options, {acquire_time, until});
    };
    const guard::GuardProcess guard = guard::fork_guard(setup);
    leave_a_door_for_the_guard();
    // From here on tokens and keys are in memory, so allow no core file and no ptrace by others.
    ::prctl(PR_SET_DUMPABLE, 0);
    return run(options, guard);
}

// Runs `check`, `rbac`, `status` or `wait`: without a guard or a child, and with default signal
// handling.
int run_task(const options::Options& options, const sigset_t& signal_mask, bool) {
    ::prctl(PR_SET_DUMPABLE, 0);
    ::sigprocmask(SIG_SETMASK, &signal_mask, nullptr);
    switch (options.task) {
    case options::Task::kCheck:
        return preflight::check(options);
    case options::Task::kRbac:
        return preflight::print_rbac(options);
    case options::Task::kStatus:
        return print_status(options);
    case options::Task::kWait:
        return wait_for_leader(options);
    case options::Task::kRun:
        break;
    }
    return kExitCannot;
}

} // namespace

int main(int argc, char** argv) {
    keep_closed_streams_closed();
    const bool sigchld_ignored = take_back_sigchld();
    std::vector<std::string> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        environment.emplace_back(*entry);
    }
    int code = kExitCannot;
    try {
        const auto options =
            options::parse_options({argv + (argc > 0 ? 1 : 0), argv + argc}, environment);
        if (const auto* just_print = std::get_if<options::JustPrint>(&options)) {
            print(stdout, just_print->text);
            return 0;
        }
        const auto& wanted = std::get<options::Options>(options);
        const auto act = wanted.task != options::Task::kRun ? run_task
                         : wanted.election_off.empty()      ? start
                                                            : become_command;
        code = act(wanted, mask_at_start, sigchld_ignored);
    } catch (const options::OptionsError& error) {
        print(stderr, std::string("le-run: ") + error.what() + "\n");
        code = error.code();
    } catch (const std::exception& error) {
        print(stderr, std::string("le-run: ") + error.what() + "\n");
    }
    // _exit, because library threads may still wait for the network, and nobody needs them.
    ::_exit(code);
}
