// One blocking HTTPS request, for what a test itself asks of a server (as its administrator).
#pragma once

#include <chrono>
#include <string>

namespace le_run::test {

struct HttpsRequest {
    std::string host = "127.0.0.1";
    std::string port{};
    std::string ca_pem{}; // the server must be signed by it
    std::string method = "GET";
    std::string path{};
    std::string token{}; // bearer token; empty: none
    std::string body{};  // JSON; empty: none
    std::string content_type = "application/json";
};

struct HttpsReply {
    int status = 0; // 0: no answer (refused, timed out, broken); `body` says why
    std::string body;
};

// HTTP/1.0 on a connection of its own. Never throws.
HttpsReply https_request(const HttpsRequest& request,
                         std::chrono::seconds patience = std::chrono::seconds(10));

} // namespace le_run::test
