#include "helpers/catch.h"
#include "kubernetes/base64.h"

using le_run::kubernetes::decode_base64;

TEST_CASE("base64 of every length, padded or not") {
    CHECK(decode_base64("") == "");
    CHECK(decode_base64("YQ==") == "a");
    CHECK(decode_base64("YQ") == "a");
    CHECK(decode_base64("YWI=") == "ab");
    CHECK(decode_base64("YWI") == "ab");
    CHECK(decode_base64("YWJj") == "abc");
    CHECK(decode_base64("YWJjZA==") == "abcd");
    CHECK(decode_base64("+/+/") == "\xfb\xff\xbf");
    CHECK(decode_base64("YW\nJj\r\n ZA==\n") == "abcd");
}

TEST_CASE("what is not base64") {
    for (const char* text :
         {"Y", "YWJjZ", "Y===", "YQ=", "YQ===", "=", "YQ==YQ==", "Y-Jj", "YWJj%", "Y\x80Jj"}) {
        CAPTURE(text);
        CHECK_FALSE(decode_base64(text).has_value());
    }
}

TEST_CASE("padding where none belongs is not base64") {
    CHECK_FALSE(decode_base64("====").has_value());
    CHECK_FALSE(decode_base64("YWJj====").has_value());
}
