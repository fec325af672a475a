#include "net/proxy_greeting.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <openssl/evp.h>

#include "base/version.h"
#include "net/address.h"

namespace le_run::net {

namespace {

constexpr char kSocks = 5;   // the version
constexpr char kLogin = 1;   // the version of the exchange of user and password
constexpr char kNoLogin = 0; // methods
constexpr char kUserPassword = 2;

std::string base64(const std::string& text) {
    std::vector<unsigned char> encoded(4 * (text.size() / 3 + 1) + 1);
    const int size =
        EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(text.data()),
                        static_cast<int>(text.size()));
    return {encoded.begin(), encoded.begin() + size};
}

std::string with_length(const std::string& text) {
    return static_cast<char>(static_cast<unsigned char>(text.size())) + text;
}

template <typename Bytes>
std::string string_of(const Bytes& bytes) {
    return {bytes.begin(), bytes.end()};
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

// Whether the head of a 407 names authentication schemes, and Basic is not one of them.
bool asks_for_other_than_basic(const std::string& head) {
    const std::string text = lower(head);
    const std::string field = "\r\nproxy-authenticate:";
    bool asks = false;
    for (auto at = text.find(field); at != std::string::npos; at = text.find(field, at + 1)) {
        const auto value =
            text.substr(at + field.size(), text.find("\r\n", at + 2) - at - field.size());
        if (value.find("basic") != std::string::npos) {
            return false;
        }
        asks = true;
    }
    return asks;
}

// The status in a status line; 0: it is not a status line.
int status_of(const std::string& head) {
    const auto is_digit = [&](std::size_t at) { return head[at] >= '0' && head[at] <= '9'; };
    if (!head.starts_with("HTTP/1.") || head.size() < 12 || head[8] != ' ' || !is_digit(9) ||
        !is_digit(10) || !is_digit(11)) {
        return 0;
    }
    return (head[9] - '0') * 100 + (head[10] - '0') * 10 + (head[11] - '0');
}

const char* socks_reason(int code) {
    switch (code) {
    case 2:
        return "does not allow connections to the server; allow them there";
    case 3:
        return "has no route to the server's network";
    case 4:
        return "cannot reach the server or resolve its name";
    case 5:
        return "was refused by the server; check the server's address and port";
    case 6:
        return "found the server too far away (TTL expired)";
    case 7:
        return "does not support connections to servers";
    case 8:
        return "does not support this kind of address";
    default:
        return "could not connect to the server";
    }
}

} // namespace

ProxyGreeting::ProxyGreeting(Proxy proxy, std::string host, std::string port)
    : proxy_(std::move(proxy)), host_(std::move(host)), port_(std::move(port)) {}

std::string ProxyGreeting::begin() {
    if (proxy_.kind == Proxy::Kind::kSocks5) {
        stage_ = Stage::kSocksMethod;
        return proxy_.user.empty() ? std::string{kSocks, 1, kNoLogin}
                                   : std::string{kSocks, 2, kNoLogin, kUserPassword};
    }
    const std::string target = authority(host_, port_);
    std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target +
                       "\r\nUser-Agent: le-run/" + kVersion + "\r\n";
    if (!proxy_.user.empty()) {
        head +=
            "Proxy-Authorization: Basic " + base64(proxy_.user + ":" + proxy_.password) + "\r\n";
    }
    return head + "\r\n";
}

ProxyGreeting::Step ProxyGreeting::receive(std::string_view bytes) {
    received_ += bytes;
    switch (stage_) {
    case Stage::kConnect:
        return on_connect_answer();
    case Stage::kSocksMethod:
        return on_socks_method();
    case Stage::kSocksLogin:
        return on_socks_login();
    case Stage::kSocksReply:
        return on_socks_reply();
    }
    return Wait{};
}

ProxyGreeting::Step ProxyGreeting::on_connect_answer() {
    constexpr std::string_view kBegin = "HTTP/1.";
    const auto end = received_.find("\r\n\r\n");
    if (!received_.starts_with(kBegin.substr(0, received_.size())) || received_.size() > kMaxHead) {
        return Refused{is_no_proxy()};
    }
    if (end == std::string::npos) {
        return Wait{};
    }
    const int status = status_of(received_);
    if (status >= 200 && status < 300) {
        return Opened{received_.substr(end + 4)};
    }
    return Refused{connect_refused(status)};
}

ProxyGreeting::Step ProxyGreeting::on_socks_method() {
    if (received_[0] != kSocks) {
        return Refused{is_no_proxy()};
    }
    if (received_.size() < 2) {
        return Wait{};
    }
    const char method = received_[1];
    received_.erase(0, 2);
    if (method == kNoLogin) {
        stage_ = Stage::kSocksReply;
        return Say{socks_request()};
    }
    if (method != kUserPassword || proxy_.user.empty()) {
        return Refused{wrong_credentials()};
    }
    stage_ = Stage::kSocksLogin;
    return Say{std::string{kLogin} + with_length(proxy_.user) + with_length(proxy_.password)};
}

ProxyGreeting::Step ProxyGreeting::on_socks_login() {
    if (received_.size() < 2) {
        return Wait{};
    }
    const char verdict = received_[1];
    received_.erase(0, 2);
    if (verdict != 0) {
        return Refused{wrong_credentials()};
    }
    stage_ = Stage::kSocksReply;
    return Say{socks_request()};
}

std::string ProxyGreeting::socks_request() const {
    constexpr char kConnect = 1, kV4 = 1, kName = 3, kV6 = 4;
    std::string request{kSocks, kConnect, 0};
    boost::system::error_code is_name;
    const auto address = boost::asio::ip::make_address(host_, is_name);
    if (is_name) {
        request += kName + with_length(host_);
    } else if (address.is_v4()) {
        request += kV4 + string_of(address.to_v4().to_bytes());
    } else {
        request += kV6 + string_of(address.to_v6().to_bytes());
    }
    const int port = std::stoi(port_);
    request += static_cast<char>(static_cast<unsigned char>(port >> 8));
    request += static_cast<char>(static_cast<unsigned char>(port & 0xff));
    return request;
}

// The reply has a version, a code, a 0, and the proxy's own address. The address is not used, but
// has one of three lengths.
ProxyGreeting::Step ProxyGreeting::on_socks_reply() {
    if (received_[0] != kSocks) {
        return Refused{is_no_proxy()};
    }
    if (received_.size() < 2) {
        return Wait{};
    }
    if (received_[1] != 0) {
        return Refused{std::string("the proxy ") + socks_reason(received_[1]) + or_go_around()};
    }
    if (received_.size() < 5) {
        return Wait{};
    }
    std::size_t size = 0;
    switch (received_[3]) {
    case 1:
        size = 4 + 4 + 2;
        break;
    case 3:
        size = 5 + static_cast<unsigned char>(received_[4]) + 2U;
        break;
    case 4:
        size = 4 + 16 + 2;
        break;
    default:
        return Refused{is_no_proxy()};
    }
    if (received_.size() < size) {
        return Wait{};
    }
    return Opened{received_.substr(size)};
}

std::string ProxyGreeting::connect_refused(int status) const {
    const std::string code = " (" + std::to_string(status) + ")";
    switch (status) {
    case 0:
        return is_no_proxy();
    case 403:
        return "the proxy does not allow connections to the server" + code + "; allow them there" +
               or_go_around();
    case 407:
        if (asks_for_other_than_basic(received_)) {
            return "the proxy wants another way to log in than user and password" + code +
                   ", which le-run does not have; allow Basic there" + or_go_around();
        }
        return wrong_credentials() + code;
    case 502:
    case 503:
    case 504:
        return "the proxy cannot reach the server" + code +
               "; check that it can resolve and reach this address" + or_go_around();
    default:
        return "the proxy answered CONNECT with " + std::to_string(status) +
               "; check that it is an HTTP proxy which allows CONNECT" + or_go_around();
    }
}

std::string ProxyGreeting::wrong_credentials() const {
    if (proxy_.user.empty()) {
        return "the proxy asks for a user and a password; write USER:PASSWORD@ before its host "
               "in " +
               proxy_.source;
    }
    return "the proxy does not accept the user and password of " + proxy_.source + "; correct them";
}

std::string ProxyGreeting::is_no_proxy() const {
    const bool is_socks = proxy_.kind == Proxy::Kind::kSocks5;
    return std::string("the server there is not ") + (is_socks ? "a SOCKS 5" : "an HTTP") +
           " proxy; check scheme, host and port of " + proxy_.source;
}

std::string ProxyGreeting::or_go_around() const {
    return proxy_.source == kProxyUrlField ? std::string(", or remove ") + kProxyUrlField
                                           : ", or name the server in NO_PROXY";
}

std::string ProxyGreeting::closed_early() const {
    return "the proxy closed the connection before it had reached the server; check scheme, "
           "host and port of " +
           proxy_.source + or_go_around();
}

} // namespace le_run::net
