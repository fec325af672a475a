#include "faults/expectations.h"

#include <csignal>

#include "base/exit_code.h"

namespace le_run::test::faults {
namespace {

constexpr int kKilledChild = kExitSignalBase + SIGKILL;

bool has_descendants(Shape shape) { return shape != Shape::kPlain && shape != Shape::kStubborn; }

int code_after_stop(Shape shape) {
    return shape == Shape::kStubborn ? kKilledChild : kChildsOwnCode;
}

Expectation of_term(const ProcessFault& fault) {
    const int code = code_after_stop(fault.shape);
    switch (fault.target) {
    case Target::kLeRun:
    case Target::kBoth: // the guard blocks every signal
        return {Effect::kEnds, code};
    case Target::kGuard:
        return {Effect::kGoesOn, code};
    case Target::kChild:
        return {fault.shape == Shape::kStubborn ? Effect::kGoesOn : Effect::kEnds, code};
    }
    return {};
}

Expectation of_stop(const ProcessFault& fault) {
    switch (fault.target) {
    case Target::kLeRun:
        return {Effect::kFreezes, kExitStopped};
    case Target::kBoth: // nobody is left to end the work: closed by nothing but the token
        return {Effect::kFreezes, kExitStopped, true};
    case Target::kGuard: // le-run continues it
    case Target::kChild: // its own affair
        return {Effect::kGoesOn, code_after_stop(fault.shape)};
    }
    return {};
}

// Whatever ends the target at once, by `signal`.
Expectation of_death(const ProcessFault& fault, int signal) {
    // The child dies with its guard; who is below the child, with the namespace, if it is le-run's.
    const bool leaves_orphans = fault.mode == Mode::kNormal && fault.hit != Hit::kOom;
    // The kernel ends everything with PID 1, and whoever kills all at once leaves no guard.
    const bool has_guard = fault.mode != Mode::kPidOne && fault.hit != Hit::kOom;
    switch (fault.target) {
    case Target::kLeRun:
        return {has_guard ? Effect::kReleases : Effect::kExpires, kExitSignalBase + signal};
    case Target::kBoth:
        return {Effect::kExpires, kExitSignalBase + signal,
                leaves_orphans && has_descendants(fault.shape)};
    case Target::kGuard:
        return {Effect::kEnds, kExitCannot};
    case Target::kChild:
        return {Effect::kEnds, kExitSignalBase + signal};
    }
    return {};
}

} // namespace

Expectation expectation_of(const ProcessFault& fault) {
    switch (fault.hit) {
    case Hit::kTerm:
        return of_term(fault);
    case Hit::kStop:
        return of_stop(fault);
    case Hit::kSegv:
        return of_death(fault, SIGSEGV);
    case Hit::kKill:
    case Hit::kOom:
    case Hit::kGroupKill:
        return of_death(fault, SIGKILL);
    }
    return {};
}

} // namespace le_run::test::faults
