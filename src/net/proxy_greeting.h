// The dialogue with a proxy until it has connected to the server: CONNECT (RFC 9110 9.3.6) for an
// HTTP proxy, RFC 1928 and 1929 for a SOCKS 5 proxy.
//
// Pure: bytes in, bytes out. No text here contains a user or a password.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "net/proxy.h"

namespace le_run::net {

class ProxyGreeting {
public:
    static constexpr std::size_t kMaxHead = 64 * 1024; // the head of an answer to CONNECT

    // Asks for the server at host:port; the proxy looks up its name.
    ProxyGreeting(Proxy proxy, std::string host, std::string port);

    // The first bytes to send.
    std::string begin();

    struct Wait {}; // for more bytes
    struct Say {
        std::string bytes;
    };
    struct Opened {
        std::string rest; // the server's first bytes, if they came with the answer
    };
    struct Refused {
        std::string text; // what the proxy did and what to change, one clause
    };
    using Step = std::variant<Wait, Say, Opened, Refused>;

    // The proxy sent these bytes. Not after Opened or Refused.
    Step receive(std::string_view bytes);

    // The text for a proxy that closed the connection too early.
    std::string closed_early() const;

private:
    enum class Stage { kConnect, kSocksMethod, kSocksLogin, kSocksReply };

    Step on_connect_answer();
    Step on_socks_method();
    Step on_socks_login();
    Step on_socks_reply();
    std::string connect_refused(int status) const;
    std::string socks_request() const;
    std::string wrong_credentials() const;
    std::string is_no_proxy() const;
    std::string or_go_around() const;

    Proxy proxy_;
    std::string host_;
    std::string port_;
    Stage stage_ = Stage::kConnect;
    std::string received_; // not parsed yet
};

} // namespace le_run::net
