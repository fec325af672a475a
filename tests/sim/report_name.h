// A report in a trace: its name, and why.
#pragma once

#include <string>

#include "election/report.h"

namespace le_run::sim {

inline std::string describe(const election::Report& report) {
    std::string text = election::name_of(report);
    std::visit(
        [&](const auto& fact) {
            if constexpr (requires { fact.cause; }) {
                text += ": " + fact.cause;
            } else if constexpr (requires { fact.error; }) {
                text += ": " + fact.error;
            } else if constexpr (requires { fact.holder; }) {
                text += ": " + fact.holder.text;
            }
        },
        report);
    return text;
}

} // namespace le_run::sim
