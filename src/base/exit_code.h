// le-run's exit codes. le-run(1) has the same table; tests/tidy compares them.
#pragma once

namespace le_run {

constexpr int kExitStopped =
    0; // a requested stop, and the stop signal ended the child; or a stop on standby
constexpr int kExitNotLeading =
    75; // lost with --on-lost exit, or not won within --wait (EX_TEMPFAIL of sysexits.h)
constexpr int kExitCannot =
    125; // le-run could not do its job: bad options, bad kubeconfig, untrusted server, denied
constexpr int kExitNotExecutable = 126; // the command was found but cannot be executed
constexpr int kExitNotFound = 127;      // the command was not found
constexpr int kExitSignalBase =
    128; // 128 + n: signal n ended the child; 137 when it had to be killed

} // namespace le_run
