#include <filesystem>

#include <sys/stat.h>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "kubernetes/credentials.h"

using namespace std::chrono_literals;
using namespace le_run::kubernetes;
using le_run::test::contains;
using le_run::test::ScratchFolder;

namespace {
const Token::Time kStart{1000s};
}

TEST_CASE("a fixed token stays, and reading again has no sense") {
    Token token({"fixed", ""}, kStart);
    CHECK(token.current(kStart + 24h) == "fixed");
    CHECK_FALSE(token.read_again(kStart));
    CHECK_FALSE(token.problem());
}

TEST_CASE("no token at all") {
    Token token({}, kStart);
    CHECK(token.current(kStart).empty());
    CHECK_FALSE(token.read_again(kStart));
}

TEST_CASE("a token file is read again every minute") {
    const ScratchFolder folder;
    const std::string path = folder.write("token", " first\r\n");
    Token token({"fixed", path}, kStart);
    CHECK(token.current(kStart) == "first"); // the file wins
    folder.write("token", "second");
    CHECK(token.current(kStart + 59s) == "first");
    CHECK(token.current(kStart + 60s) == "second");
    folder.write("token", "third");
    CHECK(token.current(kStart + 119s) == "second"); // counted from the last reading
    CHECK(token.current(kStart + 120s) == "third");
}

TEST_CASE("a refused token is read again at once") {
    const ScratchFolder folder;
    const std::string path = folder.write("token", "first");
    Token token({"", path}, kStart);
    folder.write("token", "second");
    CHECK(token.read_again(kStart + 1s));
    CHECK(token.current(kStart + 1s) == "second");
}

TEST_CASE(
    "a file that is gone or broken for a while leaves the old token, and is tried at each use") {
    const ScratchFolder folder;
    const std::string path = folder.write("token", "first");
    Token token({"", path}, kStart);
    std::filesystem::remove(path);
    CHECK(token.current(kStart + 60s) == "first");
    CHECK_THAT(token.problem().value_or(""), contains("token file " + path + " is missing"));
    folder.write("token", "");
    CHECK(token.current(kStart + 61s) == "first");
    CHECK_THAT(token.problem().value_or(""), contains("is empty"));
    folder.write("token", "hidden\nX-Injected: hidden");
    CHECK(token.current(kStart + 62s) == "first");
    CHECK_THAT(token.problem().value_or(""), contains("not a token") && !contains("hidden"));
    folder.write("token", "second");
    CHECK(token.current(kStart + 63s) == "second");
    CHECK_FALSE(token.problem());
}

TEST_CASE("the fixed token serves until the file can be read") {
    const ScratchFolder folder;
    Token token({"fixed", folder.file("token")}, kStart);
    CHECK(token.current(kStart) == "fixed");
    folder.write("token", "from-file");
    CHECK(token.current(kStart + 1s) == "from-file");
}

TEST_CASE("a pipe in place of a token file does not block") {
    const ScratchFolder folder;
    const std::string path = folder.file("pipe");
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    Token token({"fixed", path}, kStart);
    CHECK(token.current(kStart) == "fixed");
    CHECK(token.problem());
}
