// The times of a Lease, against the C library's calendar.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "fuzz.h"
#include "store/lease_json.h"

using namespace le_run;
using namespace le_run::store;
using namespace le_run::fuzz;

namespace {

const WallTime kEarliest{-62'135'596'800'000'000};
const WallTime kLatest{253'402'300'799'999'999};

void check_round_trip(WallTime time) {
    const std::string text = format_micro_time(time);
    LE_CHECK(text.size() == 27 && text.back() == 'Z' && text[19] == '.');
    const auto parsed = parse_micro_time(text);
    const auto* again = std::get_if<WallTime>(&parsed);
    LE_CHECK(again != nullptr && *again == std::clamp(time, kEarliest, kLatest));
    LE_CHECK(format_micro_time(*again) == text);
}

// What the text says without its fraction and offset.
std::int64_t seconds_of(const std::string& text) {
    std::tm utc{};
    LE_CHECK(std::sscanf(text.c_str(), "%d-%2d-%2dT%2d:%2d:%2d", &utc.tm_year, &utc.tm_mon,
                         &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec) == 6);
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    return ::timegm(&utc);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    if (size >= sizeof(std::int64_t)) {
        std::int64_t number = 0;
        std::memcpy(&number, data, sizeof number);
        check_round_trip({number});
    }
    const auto parsed = parse_micro_time(text);
    if (const auto* wrong = std::get_if<Malformed>(&parsed)) {
        LE_CHECK(wrong->text.size() < 60 && !has_control_characters(wrong->text));
        return 0;
    }
    const WallTime time = std::get<WallTime>(parsed);
    check_round_trip(time);
    const std::int64_t year = std::strtoll(text.c_str(), nullptr, 10);
    if (std::abs(year) > 30'000) {
        LE_CHECK(time == (year < 0 ? kEarliest : kLatest));
        return 0;
    }
    const std::int64_t beyond = time.microseconds - seconds_of(text) * 1'000'000;
    if (text.back() == 'Z') {
        LE_CHECK(beyond >= 0 && beyond < 1'000'000);
    } else { // east of Greenwich it is earlier there
        const char sign = text[text.size() - 6];
        LE_CHECK(sign == '+' ? beyond < 1'000'000 : beyond >= 0);
        LE_CHECK(std::abs(beyond) < 86'400'000'000);
    }
    return 0;
}
