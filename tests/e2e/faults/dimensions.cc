#include "faults/dimensions.h"

namespace le_run::test::faults {

std::string name_of(const ProcessFault& fault) {
    return "process/" + name_of(fault.hit, kHitNames) + "/" + name_of(fault.target, kTargetNames) +
           "/" + name_of(fault.mode, kModeNames) + "/" + name_of(fault.shape, kShapeNames);
}

std::string name_of(const Moment& moment) {
    return "@" + name_of(moment.phase, kPhaseNames) + "+" + std::to_string(moment.delay.count());
}

} // namespace le_run::test::faults
