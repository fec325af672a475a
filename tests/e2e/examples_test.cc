// The shows of examples/ show what they say. Kubernetes and systemd have tests of their own.
#include "helpers/catch.h"
#include "helpers/process.h"

using namespace le_run::test;

TEST_CASE("examples: storage refuses what a paused leader writes too late (file)") {
    Process show({.argv = {LE_RUN_SOURCE_DIR "/examples/fencing/show.sh"},
                  .environment = {{"LE_RUN", le_run_binary()}}});
    const auto code = show.wait(std::chrono::minutes(5));
    INFO(show.out());
    INFO(show.err());
    CHECK(code == 0);
    CHECK_THAT(show.out(), contains("\"late\" refused by the database"));
    CHECK_THAT(show.out(), contains("\"late\" refused by the server"));
    const auto between = [&](const std::string& from, const std::string& to) {
        const auto begin = show.out().find(from);
        REQUIRE(begin != std::string::npos);
        return show.out().substr(begin, show.out().find(to, begin) - begin);
    };
    for (const std::string& held :
         {between("The table holds:", "== object"), between("The object holds:", "== end")}) {
        CHECK_THAT(held, contains("first") && contains("second"));
        CHECK(held.find("late") == std::string::npos);
    }
}
