// Waits for a fact instead of hoping after a pause.
#pragma once

#include <chrono>
#include <thread>

namespace le_run::test {

// Generous: only a fact that never comes true should run into it, on a loaded machine too.
constexpr std::chrono::seconds kPatience{60};

// Asks until `fact` is true, at most `patience` long; returns what it said last.
template <class Fact>
bool wait_until(Fact fact, std::chrono::milliseconds patience = kPatience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!fact()) {
        if (std::chrono::steady_clock::now() >= end) {
            return fact();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

} // namespace le_run::test
