// What credential plugins answer, and what is told of those that fail.
#include <nlohmann/json.hpp>

#include "kubernetes/base64.h"
#include "kubernetes/loading.h"
#include "kubernetes/scripts.h"

using namespace le_run::kubernetes;
using namespace le_run::test;
using Wall = std::chrono::system_clock;

namespace {

std::string escaped(const std::string& text) { return nlohmann::json(text).dump(); }

PluginCredential good(const std::string& status) {
    auto parsed = parse_plugin_answer(answer_with(status), kExecV1);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
        FAIL(*wrong);
    }
    return std::get<PluginCredential>(parsed);
}

std::string wrong(const std::string& answer) {
    const auto parsed = parse_plugin_answer(answer, kExecV1);
    const auto* text = std::get_if<std::string>(&parsed);
    return text == nullptr ? "nothing is wrong" : *text;
}

} // namespace

TEST_CASE("plugin answer: a token, its end, and what nobody knows") {
    const auto credential =
        good(R"({"token":"t","expirationTimestamp":"2026-01-02T03:04:05Z","more":[1]})");
    CHECK(credential.token == "t");
    CHECK(credential.certificate_pem.empty());
    CHECK(Wall::to_time_t(credential.expires.value()) == 1767323045);
    CHECK_FALSE(good(R"({"token":"t"})").expires);
    CHECK_FALSE(good(R"({"token":"t","expirationTimestamp":null})").expires);
}

TEST_CASE("plugin answer: times as RFC 3339 writes them") {
    const auto [text, wanted] = GENERATE(values<std::pair<std::string, std::time_t>>({
        {"2026-01-02T03:04:05Z", 1767323045},
        {"2026-01-02T03:04:05.999Z", 1767323045},
        {"2026-01-02T05:04:05+02:00", 1767323045},
        {"2026-01-01T22:34:05-04:30", 1767323045},
        {"9999-12-31T23:59:59Z", 9'000'000'000},
    }));
    const auto credential = good("{\"token\":\"t\",\"expirationTimestamp\":\"" + text + "\"}");
    CHECK(Wall::to_time_t(credential.expires.value()) == wanted);
}

TEST_CASE("plugin answer: a certificate with its key, and the end of the earlier of both") {
    const std::string certificate = read_file(kFixtures + "pki/client.crt");
    const std::string pair =
        "\"clientCertificateData\":" + escaped(certificate) +
        ",\"clientKeyData\":" + escaped(read_file(kFixtures + "pki/client.key"));
    const auto credential = good("{" + pair + "}");
    CHECK(credential.certificate_pem == certificate);
    REQUIRE(credential.expires);
    const auto both = good("{" + pair + R"(,"expirationTimestamp":"2001-01-01T00:00:00Z"})");
    CHECK(Wall::to_time_t(both.expires.value()) == 978307200);
}

TEST_CASE("plugin answer: what is wrong with it, without quoting it") {
    const std::string certificate = escaped(read_file(kFixtures + "pki/client.crt"));
    const std::string key = escaped(read_file(kFixtures + "pki/other.key"));
    struct Row {
        std::string answer, wanted;
    };
    const auto row = GENERATE_COPY(values<Row>({
        {"", "printed nothing"},
        {" \n", "printed nothing"},
        {"hidden", "no JSON object"},
        {"[\"hidden\"]", "no JSON object"},
        {"{\"kind\":\"hidden\"}", "no ExecCredential"},
        {"{\"kind\":5}", "kind is not a text"},
        {R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"hidden"}})",
         "did not answer in the apiVersion of the kubeconfig, client.authentication.k8s.io/v1"},
        {R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"})",
         "without status"},
        {answer_with("[]"), "without status"},
        {answer_with("{}"), "neither a token nor a client certificate"},
        {answer_with("{\"token\":5}"), "status.token is not a text"},
        {answer_with("{\"token\":\"hidden words\"}"), "holds blanks"},
        {answer_with("{\"token\":\"hidden\\nX: y\"}"), "holds blanks"},
        {answer_with("{\"token\":\"t\",\"expirationTimestamp\":\"soon\"}"), "not a time like"},
        {answer_with("{\"token\":\"t\",\"expirationTimestamp\":\"2026-01-02T03:04:05\"}"),
         "not a time like"},
        {answer_with("{\"token\":\"t\",\"expirationTimestamp\":\"2026-01-02T03:04:05Zx\"}"),
         "not a time like"},
        {answer_with("{\"clientKeyData\":\"hidden\"}"), "only one of"},
        {answer_with("{\"clientCertificateData\":\"hidden\",\"clientKeyData\":\"hidden\"}"),
         "clientCertificateData that holds no certificate"},
        {answer_with("{\"clientCertificateData\":" + certificate +
                     ",\"clientKeyData\":\"hidden\"}"),
         "clientKeyData that holds no private key"},
        {answer_with("{\"clientCertificateData\":" + certificate + ",\"clientKeyData\":" + key +
                     "}"),
         "does not belong"},
    }));
    CAPTURE(row.answer);
    CHECK_THAT(wrong(row.answer), contains(row.wanted) && !contains("hidden"));
}

TEST_CASE("plugin failure: what it said, on one line, with its install hint") {
    ExecPlugin plugin = plugin_of("");
    plugin.install_hint = "install it";
    CHECK(describe_failure(plugin, {"exited with 1", "", "not\n\n  logged in\n\n"}) ==
          "the credential plugin my-plugin exited with 1; it said: not logged in; install it; "
          "run it by hand, and check kubeconfig K: users[u].user.exec");
    plugin.install_hint.clear();
    CHECK(describe_failure(plugin, {"printed nothing", "", ""}) ==
          "the credential plugin my-plugin printed nothing; run it by hand, and check "
          "kubeconfig K: users[u].user.exec");
}

TEST_CASE("plugin failure: nothing that may be a secret is told") {
    ExecPlugin plugin = plugin_of("");
    plugin.secrets = {"p4ssphrase-in-env", "eu-1"};
    const std::string said =
        "region eu-1: cannot use p4ssphrase-in-env with tokenvalue1, see https://sts.example.com/; "
        "got eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJ4In0xMjM0NTY3ODkw\n"
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n";
    const auto text = describe_failure(plugin, {"exited with 1", "token: tokenvalue1", said});
    CHECK_THAT(text,
               contains("region eu-1: cannot use *** with ***, see https://sts.example.com/"));
    for (const std::string secret : {"p4ssphrase", "tokenvalue1", "eyJ", "MIGH"}) {
        CHECK_THAT(text, !contains(secret));
    }
    // Short ones too, by the names that they are given with.
    for (const std::string given :
         {"password: hunter2", "PASSWORD=hunter2", "--db-password hunter2", "the secret hunter2",
          R"({"clientSecret":"hunter2"})", R"({\"token\": \"hunter2\"})", "api_key='hunter2'",
          "Authorization: Bearer hunter2", "token: Bearer hunter2", "x?access_token=hunter2&y=1",
          "Passphrase = \"my hunter2\"", "key:hunter2"}) {
        CAPTURE(given);
        const auto told = describe_failure(plugin, {"exited with 1", "", "before " + given});
        CHECK_THAT(told, contains("before") && !contains("hunter2"));
    }
    // The beginning was cut off.
    CHECK_THAT(describe_failure(plugin, {"exited with 1", "", "hidden\n-----END KEY-----\nbad"}),
               contains("it said: *** KEY----- bad;"));
}

TEST_CASE("base64: what is encoded is decoded to the same") {
    CHECK(encode_base64("") == "");
    CHECK(encode_base64("a") == "YQ==");
    CHECK(encode_base64("ab") == "YWI=");
    CHECK(encode_base64(std::string("\xff\x00\x10", 3)) == "/wAQ");
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i * 7);
        CHECK(decode_base64(encode_base64(bytes)) == bytes);
    }
}
