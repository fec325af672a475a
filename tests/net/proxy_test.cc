// Proxy URLs, and whom NO_PROXY exempts: the table agrees with Go's http.ProxyFromEnvironment.
#include "net/proxy.h"

#include <map>

#include "helpers/catch.h"

using namespace le_run::net;
using le_run::test::contains;

namespace {

using Variables = std::map<std::string, std::string>;

Environment holding(const Variables& variables) {
    return [variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

// "direct", the proxy, or the error.
std::string chosen(const Variables& variables, bool tls = true,
                   const std::string& host = "api.example.com") {
    const auto choice = proxy_of_environment(tls, host, "6443", holding(variables));
    if (const auto* error = std::get_if<ProxyError>(&choice)) {
        return error->text;
    }
    const auto& proxy = std::get<std::optional<Proxy>>(choice);
    return proxy ? text_of(*proxy) + " of " + proxy->source : "direct";
}

} // namespace

TEST_CASE("the URL of a proxy") {
    struct Row {
        std::string url;
        std::string text; // without credentials
        std::string user;
        std::string password;
    };
    const auto row = GENERATE(values<Row>({
        {"http://proxy", "http://proxy:80", "", ""},
        {"http://proxy:3128/", "http://proxy:3128", "", ""},
        {"HTTPS://proxy.example.com", "https://proxy.example.com:443", "", ""},
        {"socks5://10.0.0.1", "socks5://10.0.0.1:1080", "", ""},
        {"http://[::1]:8080", "http://[::1]:8080", "", ""},
        {"http://[2001:db8::1]", "http://[2001:db8::1]:80", "", ""},
        {"http://alice@proxy", "http://proxy:80", "alice", ""},
        {"http://alice:s3cret@proxy:1", "http://proxy:1", "alice", "s3cret"},
        {"http://a%40b:p%3aw%2F%25@proxy", "http://proxy:80", "a@b", "p:w/%"},
        {"http://a:b:c@proxy", "http://proxy:80", "a", "b:c"},
        {"http://a:b@c@proxy", "http://proxy:80", "a", "b@c"},
    }));
    CAPTURE(row.url);
    const auto parsed = parse_proxy(row.url, "proxy-url");
    REQUIRE(std::holds_alternative<Proxy>(parsed));
    const auto& proxy = std::get<Proxy>(parsed);
    CHECK(text_of(proxy) == row.text);
    CHECK(proxy.user == row.user);
    CHECK(proxy.password == row.password);
    CHECK(proxy.source == "proxy-url");
}

TEST_CASE("what is no proxy's URL, and its error tells no secret") {
    const auto [url, words] = GENERATE(table<std::string, std::string>({
        {"proxy:3128", "does not begin with http://"},
        {"", "does not begin with http://"},
        {"ftp://u:hidden@proxy", "begins with neither"},
        {"socks4://u:hidden@proxy", "begins with neither"},
        {"http://", "has no valid host"},
        {"http://u:hidden@", "has no valid host"},
        {"http://u:hidden@proxy:0", "has no valid port"},
        {"http://u:hidden@proxy:65536", "has no valid port"},
        {"http://u:hidden@[::1", "has a [ without a ]"},
        {"http://u:hidden@[proxy]", "has no IPv6 address"},
        {"http://u:hidden@pro xy", "has no valid host"},
        {"http://u:hidden@proxy/path", "has a path"},
        {"http://u:hid/den@proxy", "%2F"},
        {"http://u:hidden?@proxy", "%3F"},
        {"http://u:hidden%@proxy", "%25"},
        {"http://u:hidden%4@proxy", "%25"},
        {"http://u%3a:hidden@proxy", "cannot be sent"},
        {"socks5://u:" + std::string(256, 'h') + "@proxy", "cannot be sent"},
    }));
    CAPTURE(url);
    const auto parsed = parse_proxy(url, "proxy-url");
    REQUIRE(std::holds_alternative<ProxyError>(parsed));
    const auto& text = std::get<ProxyError>(parsed).text;
    CHECK_THAT(text, contains(words) && contains("write http://HOST:PORT"));
    CHECK_THAT(text, !contains("hid") && !contains("hhh"));
}

TEST_CASE("the environment's proxy: which variable, and for which server") {
    const Variables both = {{"HTTPS_PROXY", "http://s:1"}, {"HTTP_PROXY", "http://p:2"}};
    CHECK(chosen({}) == "direct");
    CHECK(chosen(both) == "http://s:1 of HTTPS_PROXY");
    CHECK(chosen(both, false) == "http://p:2 of HTTP_PROXY");
    CHECK(chosen({{"HTTP_PROXY", "http://p:2"}}) == "direct");
    CHECK(chosen({{"https_proxy", "http://s:1"}}) == "http://s:1 of https_proxy");
    CHECK(chosen({{"https_proxy", "http://a:1"}, {"HTTPS_PROXY", "http://b:1"}}) ==
          "http://b:1 of HTTPS_PROXY");
    CHECK(chosen({{"https_proxy", "http://a:1"}, {"HTTPS_PROXY", ""}}) ==
          "http://a:1 of https_proxy");
    CHECK(chosen({{"HTTPS_PROXY", "s:3128"}}) == "http://s:3128 of HTTPS_PROXY");
    CHECK(chosen({{"HTTPS_PROXY", "u:hidden@s"}}) == "http://s:80 of HTTPS_PROXY");
    CHECK(chosen({{"HTTPS_PROXY", "http://s:1"}, {"no_proxy", "example.com"}}) == "direct");
    CHECK(chosen({{"HTTPS_PROXY", "http://s:1"}}, true, "127.0.0.1") == "direct");
    const auto bad = chosen({{"HTTPS_PROXY", "gopher://u:hidden@s"}});
    CHECK_THAT(bad, contains("HTTPS_PROXY begins with neither") && !contains("hidden"));
    // It is not even looked at where it does not count.
    CHECK(chosen({{"HTTPS_PROXY", "gopher://s"}, {"NO_PROXY", "*"}}) == "direct");
}

TEST_CASE("NO_PROXY by Go's rules") {
    struct Row {
        std::string no_proxy;
        std::string host;
        bool is_exempt;
    };
    const auto row = GENERATE(values<Row>({
        {"", "api.example.com", false},
        {" , ,", "api.example.com", false},
        {"*", "api.example.com", true},
        {"a.com, *", "10.0.0.1", true},
        {"*.com", "api.example.com", true},
        {"*example.com", "api.example.com", false},
        {"example.com", "example.com", true},
        {"example.com", "api.example.com", true},
        {"EXAMPLE.com", "API.example.COM", true},
        {"example.com", "badexample.com", false},
        {"api.example.com", "example.com", false},
        {".example.com", "api.example.com", true},
        {".example.com", "example.com", false},
        {"*.example.com", "a.b.example.com", true},
        {"*.example.com", "example.com", false},
        {"com", "api.example.com", true},
        {"example.com.", "example.com", false},
        {"example.com:6443", "api.example.com", true},
        {"example.com:443", "api.example.com", false},
        {"*.example.com:6443", "api.example.com", true},
        {":6443", "api.example.com", false},
        {"a.com,\tb.com , example.com", "example.com", true},
        {"a.com example.com", "example.com", false},
        {"http://example.com", "example.com", false},
        {"10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1", "10.0.0.2", false},
        {"10.0.0.1:6443", "10.0.0.1", true},
        {"10.0.0.1:443", "10.0.0.1", false},
        {"10.0.0.0/8", "10.200.0.1", true},
        {"10.0.0.9/8", "10.200.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.0/33", "10.0.0.1", false},
        {"10.0.0.0/8", "api.example.com", false},
        {"0.0.0.0/0", "8.8.8.8", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"10.0", "10.0.0.1", false},
        {"10.*", "10.0.0.1", false},
        {".0.0.1", "10.0.0.1", true},
        {"0.1", "10.0.0.1", true},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:DB8:0::1", "2001:db8::1", true},
        {"[2001:db8::1]:6443", "2001:db8::1", true},
        {"[2001:db8::1]:443", "2001:db8::1", false},
        {"[2001:db8::1]", "2001:db8::1", false},
        {"2001:db8::/32", "2001:db8:7::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"::/0", "10.0.0.1", false},
        {"::ffff:10.0.0.1", "10.0.0.1", true},
        {"", "localhost", true},
        {"", "127.0.0.1", true},
        {"", "127.9.9.9", true},
        {"", "::1", true},
        {"", "::ffff:127.0.0.1", true},
        {"", "localhost.example.com", false},
        {"", "128.0.0.1", false},
    }));
    CAPTURE(row.no_proxy, row.host);
    CHECK(is_exempt_from_proxy(row.no_proxy, row.host, "6443") == row.is_exempt);
}
