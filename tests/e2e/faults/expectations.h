// What each process fault is supposed to do to a leading le-run: the promise, case by case.
#pragma once

#include "faults/dimensions.h"

namespace le_run::test::faults {

enum class Effect {
    kEnds,     // le-run ends; its tree is gone before, and the lease is released
    kReleases, // le-run ends at once; its guard ends the tree and releases the lease in its place
    kExpires,  // le-run ends at once; its tree does in time, and the lease runs out
    kGoesOn,   // it leads on; asked to stop later, it ends as with kEnds
    kFreezes   // it is stopped; its lease runs out. Continued, it stands by until asked to stop
};

struct Expectation {
    Effect effect{};
    int exit_code = 0;
    bool is_exception = false; // documented: the work may outlive the lease
};

inline constexpr int kChildsOwnCode = 3; // every worker of the matrix exits so

Expectation expectation_of(const ProcessFault& fault);

} // namespace le_run::test::faults
