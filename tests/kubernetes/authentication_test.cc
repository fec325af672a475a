// As whom requests come, when files and plugins change it.
#include <filesystem>
#include <thread>

#include <nlohmann/json.hpp>

#include "helpers/scratch_folder.h"
#include "helpers/test_pki.h"
#include "kubernetes/authentication.h"
#include "kubernetes/scripts.h"

using namespace le_run;
using namespace le_run::kubernetes;
using namespace le_run::test;

namespace {

constexpr std::chrono::seconds kTime{6}; // to get a credential where its plugin hangs

struct Arena {
    explicit Arena(const ClusterConfig& config)
        : authentication(loop, config,
                         [this](const std::string& text) { warnings.push_back(text); }) {}

    Authentication::Present get(std::chrono::seconds time = std::chrono::seconds(60)) {
        std::optional<std::variant<Authentication::Present, std::string>> got;
        authentication.async_get(Authentication::Clock::now() + time,
                                 [&](auto present) { got = std::move(present); });
        while (!got) {
            loop.run_one();
        }
        INFO((std::holds_alternative<std::string>(*got) ? std::get<std::string>(*got) : ""));
        REQUIRE(std::holds_alternative<Authentication::Present>(*got));
        return std::get<Authentication::Present>(*got);
    }

    boost::asio::io_context loop;
    std::vector<std::string> warnings;
    Authentication authentication;
};

ClusterConfig config_of_test() {
    ClusterConfig config;
    config.source = "the test";
    return config;
}

std::string quoted(const std::string& text) { return nlohmann::json(text).dump(); }

} // namespace

TEST_CASE("authentication: a plugin's certificate is what connections are made with, and whom we "
          "are called") {
    const TestCa ca("ca");
    const PkiIdentity bob = ca.issue({.common_name = "bob", .is_expired = true, .is_client = true});
    const ScratchFolder folder;
    const std::string answer = folder.write(
        "answer", answer_with("{\"clientCertificateData\":" + quoted(bob.certificate_pem) +
                              ",\"clientKeyData\":" + quoted(bob.key_pem) + "}"));
    auto config = config_of_test();
    config.plugin = plugin_of("cat " + answer);
    config.endpoint.tls_config.ca_pem = ca.certificate_pem();
    Arena arena(config);
    CHECK(arena.authentication.user().empty());

    const auto first = arena.get();
    CHECK(first.headers.empty());
    REQUIRE(first.tls);
    CHECK(first.tls->client_key_pem == bob.key_pem);
    CHECK(first.tls->ca_pem == ca.certificate_pem());
    CHECK_FALSE(arena.get().tls); // the connections have it already
    CHECK(arena.authentication.user() == "bob");
    const Refused known = arena.authentication.describe(net::this_clock());
    CHECK(known.from == "the test");
    CHECK_THAT(known.expired, contains("the client certificate expired on 20"));
}

TEST_CASE("authentication: a refused credential is used again while its plugin hangs") {
    const ScratchFolder folder;
    auto config = config_of_test();
    config.plugin =
        plugin_of("echo run >>" + folder.file("runs") + "; [ $(wc -l <" + folder.file("runs") +
                  ") = 1 ] || exec sleep 1000; echo '" + answer_with("{\"token\":\"t\"}") + "'");
    Arena arena(config);
    const auto first = arena.get();
    std::this_thread::sleep_for(PluginCredentials::kShortestPause); // runs keep that distance
    CHECK(arena.authentication.refused(first.generation));
    const auto begin = Authentication::Clock::now();
    CHECK(arena.get(kTime).headers == first.headers);
    // Not at once: it might have given another one. And not so late that no request has time.
    const auto passed = Authentication::Clock::now() - begin;
    CHECK(passed >= kTime / 2);
    CHECK(passed < kTime);
}

TEST_CASE("authentication: whoever is impersonated is the user") {
    auto config = config_of_test();
    config.headers = {{"Impersonate-User", "jane"}};
    config.token.token = "opaque";
    Arena arena(config);
    CHECK(arena.get().headers ==
          Headers{{"Impersonate-User", "jane"}, {"Authorization", "Bearer opaque"}});
    CHECK(arena.authentication.user() == "jane");
    CHECK(arena.authentication.describe(net::this_clock()).expired.empty());
    CHECK_FALSE(arena.authentication.refused(0)); // nothing can give another one
}

TEST_CASE("authentication: a token file that is gone leaves the token, and one warning says so") {
    const ScratchFolder folder;
    auto config = config_of_test();
    config.token.file = folder.write("token", "hidden-1");
    Arena arena(config);
    const auto token = [&] { return arena.get().headers.back().second; };
    CHECK(token() == "Bearer hidden-1");
    std::filesystem::remove(config.token.file);
    CHECK(arena.authentication.refused(0));
    for (int i = 0; i < 3; ++i) {
        CHECK(token() == "Bearer hidden-1");
    }
    REQUIRE(arena.warnings.size() == 1);
    CHECK_THAT(arena.warnings.front(),
               contains("token file " + config.token.file + " is missing") &&
                   contains("stays in use") && !contains("hidden"));
    CHECK_THAT(arena.authentication.describe(net::this_clock()).problem, contains("is missing"));
    folder.write("token", "hidden-2");
    CHECK(token() == "Bearer hidden-2");
    CHECK(arena.authentication.describe(net::this_clock()).problem.empty());
    CHECK(arena.warnings.size() == 1);
}
