// What is said to proxies, byte by byte, and what is said of those that do not connect.
#include "net/proxy_greeting.h"

#include "helpers/catch.h"

using namespace le_run::net;
using le_run::test::contains;

namespace {

Proxy proxy_at(const std::string& url, const std::string& source = "HTTPS_PROXY") {
    return std::get<Proxy>(parse_proxy(url, source));
}

std::string refusal(const ProxyGreeting::Step& step) {
    const auto* refused = std::get_if<ProxyGreeting::Refused>(&step);
    return refused == nullptr ? "not refused" : refused->text;
}

std::string said(const ProxyGreeting::Step& step) {
    const auto* say = std::get_if<ProxyGreeting::Say>(&step);
    return say == nullptr ? "nothing" : say->bytes;
}

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int each : values) {
        text += static_cast<char>(each);
    }
    return text;
}

// What becomes of an answer to CONNECT that comes whole, and of the same in single bytes.
std::string answer_to_connect(const std::string& url, const std::string& answer,
                              const std::string& source = "HTTPS_PROXY") {
    ProxyGreeting whole(proxy_at(url, source), "api.example", "6443");
    whole.begin();
    const auto step = whole.receive(answer);

    ProxyGreeting dripped(proxy_at(url, source), "api.example", "6443");
    dripped.begin();
    ProxyGreeting::Step last;
    for (const char c : answer) {
        last = dripped.receive({&c, 1});
        if (!std::holds_alternative<ProxyGreeting::Wait>(last)) {
            break;
        }
    }
    CHECK(last.index() == step.index());
    if (const auto* opened = std::get_if<ProxyGreeting::Opened>(&step)) {
        return "opened, then " + opened->rest;
    }
    if (std::holds_alternative<ProxyGreeting::Wait>(step)) {
        return "waits";
    }
    CHECK(refusal(last) == refusal(step));
    return refusal(step);
}

} // namespace

TEST_CASE("CONNECT names the server, and carries the credentials where there are some") {
    const auto plain = ProxyGreeting(proxy_at("http://p"), "api.example", "6443").begin();
    CHECK(plain.starts_with("CONNECT api.example:6443 HTTP/1.1\r\nHost: api.example:6443\r\n"));
    CHECK(plain.ends_with("\r\n\r\n"));
    CHECK_THAT(plain, !contains("Authorization"));
    const auto login =
        ProxyGreeting(proxy_at("https://Aladdin:open%20sesame@p"), "::1", "443").begin();
    CHECK(login.starts_with("CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n"));
    CHECK(login.ends_with("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"));
}

TEST_CASE("a proxy that connects") {
    CHECK(answer_to_connect("http://p", "HTTP/1.1 200 Connection established\r\n\r\n") ==
          "opened, then ");
    CHECK(answer_to_connect("http://p", "HTTP/1.0 204 x\r\nA: b\r\n\r\n\x16\x03") ==
          "opened, then \x16\x03");
    CHECK(answer_to_connect("http://p", "HTTP/1.1 200 Connection established\r\n") == "waits");
}

TEST_CASE("each refusal of a proxy has its own text, which says what to change") {
    struct Row {
        std::string url;
        std::string answer;
        std::string words;
        std::string advice;
    };
    const auto row = GENERATE(values<Row>({
        {"http://p", "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
         "asks for a user and a password", "write USER:PASSWORD@ before its host in HTTPS_PROXY"},
        {"http://p", "HTTP/1.1 407 x\r\n\r\n", "asks for a user and a password",
         "HTTPS_PROXY (407)"},
        {"http://u:hidden@p", "HTTP/1.1 407 x\r\n\r\n",
         "does not accept the user and password of HTTPS_PROXY", "correct them (407)"},
        {"http://u:hidden@p",
         "HTTP/1.1 407 x\r\nproxy-authenticate: NTLM\r\nPROXY-Authenticate: Negotiate\r\n\r\n",
         "another way to log in than user and password (407)", "allow Basic"},
        {"http://p", "HTTP/1.1 403 Forbidden\r\n\r\n", "does not allow connections to the server",
         "name the server in NO_PROXY"},
        {"http://p", "HTTP/1.1 502 x\r\n\r\n", "cannot reach the server (502)", "NO_PROXY"},
        {"http://p", "HTTP/1.1 503 x\r\n\r\n", "cannot reach the server (503)", "NO_PROXY"},
        {"http://p", "HTTP/1.1 504 x\r\n\r\n", "cannot reach the server (504)", "NO_PROXY"},
        {"http://p", "HTTP/1.1 405 x\r\n\r\n", "answered CONNECT with 405", "allows CONNECT"},
        {"http://p", "HTTP/1.1 302 x\r\nLocation: http://login\r\n\r\n",
         "answered CONNECT with 302", "allows CONNECT"},
        {"http://p", "220 mail.example ESMTP", "not an HTTP proxy", "check scheme, host and port"},
        {"http://p", "\x15\x03\x01", "not an HTTP proxy",
         "check scheme, host and port of HTTPS_PROXY"},
        {"http://p", "HTTP/1.1 OK\r\n\r\n", "not an HTTP proxy", "check scheme"},
        {"http://p", "HTTP/1.1\r\n\r\n", "not an HTTP proxy", "check scheme"},
        {"http://p", "HTTP/1.1 200 " + std::string(ProxyGreeting::kMaxHead, 'x'),
         "not an HTTP proxy", "check scheme"},
    }));
    CAPTURE(row.answer.substr(0, 100));
    const auto text = answer_to_connect(row.url, row.answer);
    CHECK_THAT(text, contains(row.words) && contains(row.advice) && !contains("hidden"));
}

TEST_CASE("NO_PROXY is no advice for a proxy that the kubeconfig names") {
    CHECK_THAT(answer_to_connect("http://p", "HTTP/1.1 403 x\r\n\r\n", kProxyUrlField),
               contains("or remove proxy-url") && !contains("NO_PROXY"));
}

TEST_CASE("SOCKS 5 without and with a password, to a name and to addresses") {
    ProxyGreeting plain(proxy_at("socks5://p"), "api.example", "6443");
    CHECK(plain.begin() == bytes({5, 1, 0}));
    CHECK(said(plain.receive(bytes({5, 0}))) ==
          bytes({5, 1, 0, 3, 11}) + "api.example" + bytes({0x19, 0x2b}));
    CHECK(std::holds_alternative<ProxyGreeting::Wait>(plain.receive(bytes({5, 0, 0, 1, 0}))));
    const auto opened = plain.receive(bytes({0, 0, 0, 0, 0}) + "rest");
    REQUIRE(std::holds_alternative<ProxyGreeting::Opened>(opened));
    CHECK(std::get<ProxyGreeting::Opened>(opened).rest == "rest");

    ProxyGreeting login(proxy_at("socks5://me:hidden@p"), "10.0.0.1", "443");
    CHECK(login.begin() == bytes({5, 2, 0, 2}));
    CHECK(said(login.receive(bytes({5, 2}))) == bytes({1, 2}) + "me" + bytes({6}) + "hidden");
    CHECK(said(login.receive(bytes({1, 0}))) == bytes({5, 1, 0, 1, 10, 0, 0, 1, 1, 0xbb}));
    CHECK(std::holds_alternative<ProxyGreeting::Opened>(
        login.receive(bytes({5, 0, 0, 3, 2}) + "ab" + bytes({0, 0}))));

    ProxyGreeting six(proxy_at("socks5://p"), "::1", "443");
    six.begin();
    CHECK(said(six.receive(bytes({5, 0}))) ==
          bytes({5, 1, 0, 4}) + std::string(15, '\0') + bytes({1, 1, 0xbb}));
    CHECK(std::holds_alternative<ProxyGreeting::Opened>(
        six.receive(bytes({5, 0, 0, 4}) + std::string(18, 'x'))));
}

TEST_CASE("SOCKS 5 refusals") {
    const auto begun = [](const std::string& url) {
        ProxyGreeting greeting(proxy_at(url), "api.example", "6443");
        greeting.begin();
        return greeting;
    };
    CHECK_THAT(refusal(begun("socks5://p").receive("HTTP/1.1 400")),
               contains("not a SOCKS 5 proxy; check scheme, host and port of HTTPS_PROXY"));
    CHECK_THAT(refusal(begun("socks5://p").receive(bytes({5, 0xff}))),
               contains("asks for a user and a password; write USER:PASSWORD@"));
    CHECK_THAT(refusal(begun("socks5://p").receive(bytes({5, 2}))),
               contains("asks for a user and a password"));
    auto login = begun("socks5://u:hidden@p");
    login.receive(bytes({5, 2}));
    CHECK_THAT(refusal(login.receive(bytes({1, 1}))),
               contains("does not accept the user and password") && !contains("hidden"));
    const auto [code, words] = GENERATE(table<int, std::string>({{1, "could not connect"},
                                                                 {2, "does not allow"},
                                                                 {3, "no route"},
                                                                 {4, "cannot reach"},
                                                                 {5, "refused by the server"},
                                                                 {6, "TTL"},
                                                                 {7, "does not support conn"},
                                                                 {8, "kind of address"},
                                                                 {99, "could not connect"}}));
    auto greeting = begun("socks5://p");
    greeting.receive(bytes({5, 0}));
    CHECK_THAT(refusal(greeting.receive(bytes({5, code, 0, 1, 0, 0, 0, 0, 0, 0}))),
               contains(words) && contains("or name the server in NO_PROXY"));
    auto odd = begun("socks5://p");
    odd.receive(bytes({5, 0}));
    CHECK_THAT(refusal(odd.receive(bytes({5, 0, 0, 9, 0}))), contains("not a SOCKS 5 proxy"));
}
