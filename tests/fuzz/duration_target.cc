// Durations as Go writes them.
#include "base/duration_text.h"
#include "fuzz.h"

using namespace le_run;
using namespace le_run::fuzz;
using std::chrono::milliseconds;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr Duration kMost = std::chrono::hours(24 * 365 * 10);
    const std::string text(text_of(data, size));
    const auto parsed = parse_duration(text);
    if (!parsed) {
        return 0;
    }
    LE_CHECK(*parsed >= Duration::zero() && *parsed <= kMost);
    // What is printed is what was read, to the millisecond, and reading it prints it again.
    const std::string printed = format_duration(*parsed);
    const auto again = parse_duration(printed);
    LE_CHECK(again && *again == std::chrono::round<milliseconds>(*parsed));
    LE_CHECK(format_duration(*again) == printed);
    LE_CHECK(format_duration(-*again) == (*again > Duration::zero() ? "-" : "") + printed);
    // A text is the sum of its terms.
    if (text != "0") {
        const auto twice = parse_duration(text + text);
        LE_CHECK(twice ? *twice == 2 * *parsed : 2 * *parsed > kMost);
        LE_CHECK(!parse_duration(text + "0") && !parse_duration("+" + text));
    }
    return 0;
}
