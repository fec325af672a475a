// The server field of a kubeconfig.
#pragma once

#include <string>
#include <variant>

#include "net/http_transport.h"

namespace le_run::kubernetes {

// Why a text is not the address of a server, as the end of a sentence: "has no host; write
// https://host:6443".
struct UrlError {
    std::string text;
};

// http(s)://host[:port][/path]; the port is 443 or 80 when it is not given. The TLS part of the
// answer is empty.
std::variant<net::Endpoint, UrlError> split_server_url(const std::string& url);

} // namespace le_run::kubernetes
