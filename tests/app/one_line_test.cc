#include "base/one_line.h"

#include "helpers/catch.h"

using le_run::one_line;

TEST_CASE("what others wrote stays on one line, and steers no terminal") {
    CHECK(one_line("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7 ~") ==
          "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7 ~");
    CHECK(one_line({"a\nb\r\t\x1b[2J\x7f\0c", 12}) == "a b   [2J  c");
    CHECK(one_line("\xc2\x9b"
                   "2J|\xc2\x85|") == " 2J| |");             // C1
    CHECK(one_line("\xe2\x80\xa8|\xe2\x80\xa9|") == " | |"); // line separators
    CHECK(one_line("\xe2\x80\xae|\xe2\x81\xa6|\xd8\x9c|\xe2\x80\x8f|") == " | | | |"); // bidi
}

TEST_CASE("bytes that are no UTF-8 are marked, and nothing after them is lost") {
    CHECK(one_line("\x9b"
                   "2J \xff \xc3") == "?2J ? ?");
    CHECK(one_line("\xc3\n\xc3(") == "? ?(");
    CHECK(one_line("\xe2\x82") == "??");
    CHECK(one_line("\xc0\xaf") == "??"); // too long a form
}

TEST_CASE("it is cut between characters") {
    CHECK(one_line("12345", 5) == "12345");
    CHECK(one_line("123456", 5) == "12345...");
    CHECK(one_line("1234\xc3\xa9", 5) == "1234...");
    CHECK(one_line(std::string(500'000, 'x')).size() == 2003);
    CHECK(one_line("", 0).empty());
}
