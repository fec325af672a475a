// The server field of a kubeconfig.
#pragma once

#include <string>
#include <variant>

#include "net/http_transport.h"

namespace le_run::kubernetes {

// Why a text is not the address of a server, as the end of a sentence: "has no host; write an
// address like https://10.0.0.1:6443".
struct UrlError {
    std::string text;
};

// Splits http(s)://host[:port][/path]. The default port is 443 or 80. Does not set the result's TLS
// part.
std::variant<net::Endpoint, UrlError> split_server_url(const std::string& url);

} // namespace le_run::kubernetes
