// The URL of a proxy, NO_PROXY, and what a proxy says before it connects.
#include "base/version.h"
#include "fuzz.h"
#include "net/address.h"
#include "net/proxy_greeting.h"

const char* const le_run::kVersion = "fuzz"; // the program's own is made by its build

using namespace le_run::fuzz;
using namespace le_run::net;

namespace {

constexpr std::string_view kMark = "5ecret"; // in no word of ours

void check_text(const std::string& text) {
    LE_CHECK(!text.empty() && text.size() < 300 && !has_control_characters(text));
    LE_CHECK(text.find(kMark) == std::string::npos);
}

void check_url(const std::string& url) {
    const auto parsed = parse_proxy(url, "HTTPS_PROXY");
    if (const auto* error = std::get_if<ProxyError>(&parsed)) {
        return check_text(error->text);
    }
    const auto& proxy = std::get<Proxy>(parsed);
    LE_CHECK(!proxy.host.empty() && proxy.user.size() + proxy.password.size() <= url.size());
    const auto again = parse_proxy(text_of(proxy), "HTTPS_PROXY");
    const auto* same = std::get_if<Proxy>(&again);
    LE_CHECK(same != nullptr && same->kind == proxy.kind && same->host == proxy.host &&
             same->port == proxy.port && same->user.empty());
}

// The same in one piece and byte by byte.
void check_greeting(const std::string& url, std::string_view answer) {
    const auto proxy = std::get<Proxy>(parse_proxy(url, "HTTPS_PROXY"));
    ProxyGreeting whole(proxy, "api.example", "6443"), dripped(proxy, "api.example", "6443");
    LE_CHECK(whole.begin() == dripped.begin());
    if (answer.empty()) {
        return;
    }
    const auto first = whole.receive(answer);
    for (std::size_t i = 0; i < answer.size(); ++i) {
        const auto step = dripped.receive(answer.substr(i, 1));
        if (const auto* refused = std::get_if<ProxyGreeting::Refused>(&step)) {
            check_text(refused->text);
            LE_CHECK(first.index() == step.index() ||
                     std::holds_alternative<ProxyGreeting::Say>(first));
            return;
        }
        if (std::holds_alternative<ProxyGreeting::Opened>(step)) {
            const auto* opened = std::get_if<ProxyGreeting::Opened>(&first);
            LE_CHECK(opened == nullptr || opened->rest == answer.substr(i + 1));
            return;
        }
    }
    LE_CHECK(!std::holds_alternative<ProxyGreeting::Opened>(first));
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = text_of(data, size);
    const std::string text(bytes);
    check_url(text);
    check_url("http://" + text);
    for (const char* url : {"http://me:5ecret@p", "socks5://p", "socks5://me:5ecret@p"}) {
        check_greeting(url, bytes);
    }
    for (const char* host : {"api.example", "10.0.0.1", "2001:db8::1"}) {
        is_exempt_from_proxy(text, host, "6443");
    }
    LE_CHECK(is_exempt_from_proxy(text, "::1", "6443"));
    LE_CHECK(is_exempt_from_proxy(text + ",*", "api.example", "6443"));
    return 0;
}
