// A loop, a transport to a test server, and waiting for its answers.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "helpers/catch.h"
#include "helpers/http_test_server.h"
#include "helpers/test_pki.h"
#include "net/http_transport.h"

namespace le_run::test {

constexpr std::chrono::seconds kLongTimeout{60}; // of requests that are to be answered

class LoopFixture {
public:
    // Runs the loop until `fact`; false after a minute.
    template <typename Fact>
    bool run_until(Fact fact) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (!fact()) {
            if (std::chrono::steady_clock::now() > end) {
                return false;
            }
            loop.run_one_for(std::chrono::milliseconds(50));
        }
        return true;
    }

    // Runs what is ready, and nothing else.
    void drain() {
        while (loop.poll() != 0) {
        }
    }

    boost::asio::io_context loop{1};

private:
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        loop.get_executor()};
};

inline net::Endpoint plain(const std::string& port, const std::string& host = "127.0.0.1") {
    net::Endpoint endpoint;
    endpoint.tls = false;
    endpoint.host = host;
    endpoint.port = port;
    return endpoint;
}

inline net::Endpoint secure(const std::string& port, const std::string& ca_pem,
                            const std::string& host = "127.0.0.1") {
    net::Endpoint endpoint = plain(port, host);
    endpoint.tls = true;
    endpoint.tls_config.ca_pem = ca_pem;
    return endpoint;
}

// How the same test server is reached with TLS and without.
struct MaybeTls {
    explicit MaybeTls(bool with_tls) : tls(with_tls), ca("ca") {
        if (tls) {
            PkiRequest wanted;
            wanted.common_name = "server";
            wanted.ips = {"127.0.0.1"};
            options.tls = ServerTls();
            options.tls->identity = ca.issue(wanted);
        }
    }
    net::Endpoint endpoint(const std::string& port) const {
        return tls ? secure(port, ca.certificate_pem()) : plain(port);
    }

    bool tls;
    TestCa ca;
    HttpTestServer::Options options; // of the server
};

inline net::HttpRequest get(const std::string& target = "/") {
    net::HttpRequest request;
    request.method = "GET";
    request.target = target;
    return request;
}

inline net::HttpRequest put(const std::string& body, const std::string& target = "/") {
    net::HttpRequest request = get(target);
    request.method = "PUT";
    request.body = body;
    return request;
}

// Sends, and runs the loop until the answer is there.
inline net::HttpResult exchange(LoopFixture& fixture, net::HttpTransport& transport,
                                net::HttpRequest request, Duration timeout = kLongTimeout) {
    std::optional<net::HttpResult> result;
    transport.async_send(std::move(request), timeout,
                         [&](net::HttpResult answered) { result = std::move(answered); });
    REQUIRE_FALSE(result.has_value()); // never inside the call
    REQUIRE(fixture.run_until([&] { return result.has_value(); }));
    return *result;
}

inline net::HttpResponse response_of(const net::HttpResult& result) {
    if (const auto* error = std::get_if<net::HttpError>(&result)) {
        FAIL(error->text);
    }
    return std::get<net::HttpResponse>(result);
}

inline net::HttpError error_of(const net::HttpResult& result) {
    if (const auto* response = std::get_if<net::HttpResponse>(&result)) {
        FAIL("answered with " << response->status);
    }
    return std::get<net::HttpError>(result);
}

inline Answer text(const std::string& body) {
    Answer answer;
    answer.body = body;
    return answer;
}

inline Answer behaving(Answer::Kind kind) {
    Answer answer;
    answer.kind = kind;
    return answer;
}

inline HttpTestServer::Handler always(Answer answer) {
    return [answer = std::move(answer)](const ServedRequest&) { return answer; };
}

} // namespace le_run::test
