#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <string>

#include "app/spare_pages.h"
#include "helpers/catch.h"

using namespace le_run;

namespace {

// Not all zero, so that it lies in the program's file, where it is never written.
constexpr auto kTable = [] {
    std::array<std::uint32_t, 1 << 18> table{};
    std::iota(table.begin(), table.end(), 1U);
    return table;
}();

std::uint64_t sum_of_table() {
    const volatile std::uint32_t* numbers = kTable.data();
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        sum += numbers[i];
    }
    return sum;
}

// Of the mapping that the table lies in.
long resident_kilobytes() {
    const auto wanted = reinterpret_cast<std::uintptr_t>(kTable.data());
    std::ifstream smaps("/proc/self/smaps");
    bool is_here = false;
    for (std::string line; std::getline(smaps, line);) {
        unsigned long begin = 0;
        unsigned long end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
            is_here = begin <= wanted && wanted < end;
        }
        long kilobytes = 0;
        if (is_here && std::sscanf(line.c_str(), "Rss: %ld kB", &kilobytes) == 1) {
            return kilobytes;
        }
    }
    FAIL("no mapping holds the table");
    return 0;
}

} // namespace

TEST_CASE("pages that are only read are given back, and read again as they were") {
    constexpr long kTableKilobytes = sizeof kTable / 1024;
    const std::uint64_t sum = sum_of_table();
    const long before = resident_kilobytes();
    REQUIRE(before >= kTableKilobytes);
    app::drop_start_pages();
    CHECK(resident_kilobytes() <= before - kTableKilobytes / 2);
    CHECK(sum_of_table() == sum);
    CHECK(resident_kilobytes() >= kTableKilobytes);
}
