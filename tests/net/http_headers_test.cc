#include "net/http_headers.h"

#include "helpers/catch.h"

using namespace le_run;
using std::chrono::seconds;

TEST_CASE("Retry-After") {
    CHECK(net::parse_retry_after("0") == seconds(0));
    CHECK(net::parse_retry_after("12") == seconds(12));
    CHECK(net::parse_retry_after("99999999") == seconds(86400));
    CHECK(net::parse_retry_after("99999999999999999999999999") == seconds(86400));
    for (const char* bad : {"", "-1", "1.5", " 1", "1s", "Wed, 21 Oct 2026 07:28:00 GMT"}) {
        CHECK_FALSE(net::parse_retry_after(bad).has_value());
    }
}

TEST_CASE("Date") {
    const auto date = net::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
    REQUIRE(date.has_value());
    CHECK(date->time_since_epoch() == seconds(784'111'777));
    CHECK(net::text_of(*date) == "1994-11-06 08:49:37 UTC");
    CHECK(net::parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT").has_value());
    for (const char* bad : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                            "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49:37",
                            "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 30 Feb 2024 08:49:37 GMT",
                            "Sun, 06 ovD 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
                            "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT",
                            "Sun, 06 Nov 1994 08:49:37 GMT "}) {
        CAPTURE(bad);
        CHECK_FALSE(net::parse_http_date(bad).has_value());
    }
}

TEST_CASE("how far a clock is off, by a Date that can be believed") {
    const auto now = *net::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(net::clock_ahead_of("Sun, 06 Nov 1994 08:49:30 GMT", now) == seconds(7));
    CHECK(net::clock_ahead_of("Sun, 06 Nov 1994 08:49:40 GMT", now) == seconds(-3));
    CHECK(net::clock_ahead_of("Thu, 01 Jan 1970 00:00:00 GMT", now) == now.time_since_epoch());
    for (const char* wrong : {"", "today", "Mon, 01 Jan 0001 00:00:00 GMT",
                              "Sat, 01 Jan 0000 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"}) {
        CAPTURE(wrong);
        CHECK_FALSE(net::clock_ahead_of(wrong, now).has_value());
    }
}

TEST_CASE("durations in messages") {
    CHECK(net::text_of(std::chrono::milliseconds(150)) == "150 ms");
    CHECK(net::text_of(std::chrono::seconds(2)) == "2 s");
    CHECK(net::text_of(std::chrono::milliseconds(2667)) == "2.7 s");
    CHECK(net::text_of(std::chrono::minutes(10)) == "600 s");
}

TEST_CASE("a clock that is off is said, one that may only seem so is not") {
    CHECK(net::clock_difference_text(seconds(60)).empty());
    CHECK(net::clock_difference_text(seconds(-60)).empty());
    CHECK(net::clock_difference_text(seconds(61)) ==
          "this machine's clock is 61 s ahead of the server's");
    CHECK(net::clock_difference_text(seconds(-7200)) ==
          "this machine's clock is 7200 s behind the server's");
    CHECK(net::clock_difference_text(std::chrono::hours(24 * 365 * 9999)) ==
          "this machine's clock is 315328464000 s ahead of the server's");
}
