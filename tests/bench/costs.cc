#include "bench/costs.h"

#include <cmath>
#include <ctime>

#include "helpers/replica.h"

namespace le_run::test {

double cpu_seconds(pid_t pid) {
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
        return NAN;
    }
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double pss_megabytes(pid_t pid) {
    for (const std::string& line :
         lines_of(read_file("/proc/" + std::to_string(pid) + "/smaps_rollup"))) {
        if (line.rfind("Pss:", 0) == 0) {
            return std::stod(line.substr(4)) * 1024 / 1e6;
        }
    }
    return NAN;
}

} // namespace le_run::test
