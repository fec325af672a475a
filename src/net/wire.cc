// The half of the transport that runs on cpprest's only thread, which may be the loop's. The other
// half, http_calls.cc, runs on the loop and makes the decisions.
//
// cpprest gets only IP addresses, because its own name lookup has no timeout and no cancellation.
// cpprest's timeouts count inactivity in each stage, and are only a backstop. The deadline is a
// timer on the loop that covers everything.
#include "net/wire.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cpprest/http_client.h>

#include "net/address.h"
#include "net/answer_limit.h"
#include "net/http_failure.h"
#include "net/http_transport.h"
#include "net/outgoing.h"
#include "net/tunnel.h"
#include "net/wire_thread.h"

namespace le_run::net {

namespace {

namespace http = web::http;
using Direction = http::message_direction::direction;

constexpr std::chrono::minutes kBackstop{10};
constexpr std::size_t kSlackForHeaders = 256 * 1024; // also for the bytes that TLS adds

WireFailure too_large() {
    WireFailure failure;
    failure.is_too_large = true;
    return failure;
}

// The clients for TLS to the server and to the proxy; null: no TLS there.
struct TlsClients {
    // Throws TlsConfigError.
    explicit TlsClients(const Endpoint& endpoint) {
        if (endpoint.tls) {
            server = std::make_shared<TlsClient>(endpoint.tls_config, endpoint.host);
        }
        if (!endpoint.proxy || endpoint.proxy->kind != Proxy::Kind::kHttps) {
            return;
        }
        // Go trusts the server's CA for a proxy. Companies sign their proxies with a CA of the
        // system's store.
        TlsConfig config;
        config.ca_pem = endpoint.tls_config.ca_pem;
        config.and_system = true;
        config.is_proxy = true;
        proxy = std::make_shared<TlsClient>(config, endpoint.proxy->host);
    }

    std::shared_ptr<TlsClient> server, proxy;
};

// Every member but the constructor runs on cpprest's thread.
class WireCore : public std::enable_shared_from_this<WireCore> {
public:
    WireCore(const Endpoint& endpoint, TlsClients tls, Listener listener)
        : host_(endpoint.host), port_(endpoint.port), base_path_(endpoint.base_path),
          tls_(std::move(tls.server)), proxy_(endpoint.proxy), proxy_tls_(std::move(tls.proxy)),
          listener_(std::move(listener)) {}

    void send(const Try& attempt);
    void use(TlsClients tls);
    void cancel(TryNumber number);
    void close();

private:
    struct Incoming {
        TryNumber number;
        bool is_stream; // a stream was requested, and the answer is 200
        std::shared_ptr<AnswerLimit> limit;
        http::http_response response;
        HttpResponse answer;
        std::array<std::uint8_t, 16 * 1024> block;
    };

    // By address; each has its own pool. The bool: for streams, which must not take a warm
    // connection from other requests.
    using ClientKey = std::pair<std::string, bool>;
    struct Client {
        http::client::http_client http;
        std::shared_ptr<AnswerLimit> limit;
        std::shared_ptr<Tunnel> tunnel; // null: it connects directly
    };

    struct Running {
        pplx::cancellation_token_source source;
        std::shared_ptr<AnswerLimit> limit; // of its client
        std::shared_ptr<Tunnel> tunnel;     // of its client
    };

    Client& client_to(const ClientKey& key);
    std::shared_ptr<Tunnel> tunnel_by(const std::string& address,
                                      const std::shared_ptr<AnswerLimit>& limit);
    void on_upload(TryNumber number);
    void on_headers(TryNumber number, bool is_stream,
                    const pplx::task<http::http_response>& answered);
    void read_body(const std::shared_ptr<Incoming>& incoming);
    void read_stream(const std::shared_ptr<Incoming>& incoming);
    void on_body_end(const std::shared_ptr<Incoming>& incoming);
    void fail(TryNumber number);
    void finish(TryNumber number, News news);

    std::string host_; // the host as the user wrote it
    std::string port_;
    std::string base_path_;
    std::shared_ptr<TlsClient> tls_;
    std::optional<Proxy> proxy_;
    std::shared_ptr<TlsClient> proxy_tls_;
    Listener listener_;
    std::map<ClientKey, Client> clients_;
    std::map<TryNumber, Running> running_;
};

// Without TLS there is a tunnel even without a proxy, because only a tunnel can count the bytes.
std::shared_ptr<Tunnel> WireCore::tunnel_by(const std::string& address,
                                            const std::shared_ptr<AnswerLimit>& limit) {
    if (!proxy_ && tls_) {
        return nullptr;
    }
    return std::make_shared<Tunnel>(wire_loop(), Tunnel::Way{proxy_, address, host_, port_,
                                                             proxy_tls_, tls_ ? nullptr : limit});
}

WireCore::Client& WireCore::client_to(const ClientKey& key) {
    const auto found = clients_.find(key);
    if (found != clients_.end()) {
        return found->second;
    }
    const auto limit = std::make_shared<AnswerLimit>(HttpTransport::kMaxBody + kSlackForHeaders);
    http::client::http_client_config config;
    config.set_timeout(kBackstop);
    config.set_max_redirects(0); // cpprest would send Authorization to the host of any redirect
    if (tls_) {
        config.set_validate_certificates(true);
        config.set_tlsext_sni_enabled(false); // cpprest would send the address
        config.set_ssl_context_callback([tls = tls_, limit](boost::asio::ssl::context& context) {
            TlsClient::apply(tls, context.native_handle(), limit);
        });
    }
    auto tunnel = tunnel_by(key.first, limit);
    if (tunnel) {
        config.set_nativehandle_options([tunnel, tls = tls_ != nullptr](void* connection) {
            using Socket = boost::asio::ip::tcp::socket;
            using Stream = boost::asio::ssl::stream<Socket&>;
            tunnel->expect(tls ? static_cast<Stream*>(connection)->next_layer()
                               : *static_cast<Socket*>(connection));
        });
    }
    web::uri_builder uri;
    uri.set_scheme(tls_ ? "https" : "http");
    uri.set_host(tunnel ? tunnel->address() : key.first); // IPv6 literal: no brackets here
    uri.set_port(tunnel ? tunnel->port() : port_);
    return clients_.try_emplace(key, Client{{uri.to_uri(), config}, limit, tunnel}).first->second;
}

void WireCore::send(const Try& attempt) {
    const TryNumber number = attempt.number;
    const ClientKey key{attempt.address, attempt.is_stream};
    std::erase_if(clients_, [&](const auto& client) {
        return (attempt.afresh && client.first == key) ||
               std::find(attempt.known.begin(), attempt.known.end(), client.first.first) ==
                   attempt.known.end();
    });
    auto& running = running_[number];
    try {
        auto& client = client_to(key);
        running.limit = client.limit;
        running.tunnel = client.tunnel;
        client.limit->begin();
        auto outgoing = outgoing_request(attempt.request, base_path_, authority(host_, port_));
        outgoing.set_progress_handler(
            [weak = weak_from_this(), number, told = false](Direction way, auto) mutable {
                const auto self = weak.lock();
                if (self && way == Direction::upload && !std::exchange(told, true)) {
                    self->on_upload(number);
                }
            });
        client.http.request(outgoing, running.source.get_token())
            .then([self = shared_from_this(), number,
                   is_stream = attempt.is_stream](const pplx::task<http::http_response>& answered) {
                self->on_headers(number, is_stream, answered);
            });
    } catch (...) {
        fail(number);
    }
}

// cpprest is connected to the tunnel long before the tunnel is connected to the server.
void WireCore::on_upload(TryNumber number) {
    const auto found = running_.find(number);
    if (found == running_.end()) {
        return;
    }
    const auto tell = [weak = weak_from_this(), number] {
        if (const auto self = weak.lock()) {
            self->listener_(number, Sent{});
        }
    };
    found->second.tunnel ? found->second.tunnel->when_open(tell) : tell();
}

void WireCore::use(TlsClients tls) {
    tls_ = std::move(tls.server);
    proxy_tls_ = std::move(tls.proxy);
    clients_.clear(); // also closes their warm connections
}

void WireCore::cancel(TryNumber number) {
    const auto found = running_.find(number);
    if (found == running_.end()) {
        return;
    }
    auto source = found->second.source; // a copy, because cancel() may end the try
    running_.erase(found);
    source.cancel();
}

void WireCore::close() {
    while (!running_.empty()) {
        cancel(running_.begin()->first);
    }
    clients_.clear();
}

void WireCore::on_headers(TryNumber number, bool is_stream,
                          const pplx::task<http::http_response>& answered) {
    try {
        auto incoming = std::make_shared<Incoming>();
        incoming->number = number;
        incoming->response = answered.get(); // ready
        const auto running = running_.find(number);
        if (running == running_.end()) {
            return; // the try was given up
        }
        incoming->limit = running->second.limit;
        const auto& headers = incoming->response.headers();
        if (headers.content_length() > HttpTransport::kMaxBody && headers.has("Content-Length")) {
            cancel(number);
            return finish(number, too_large());
        }
        incoming->answer.status = incoming->response.status_code();
        const auto retry_after = headers.find("Retry-After");
        if (retry_after != headers.end()) {
            incoming->answer.retry_after = parse_retry_after(retry_after->second);
        }
        const auto date = headers.find("Date");
        if (date != headers.end()) {
            incoming->answer.clock_ahead = clock_ahead_of(date->second, this_clock());
        }
        incoming->is_stream = is_stream && incoming->answer.status == 200;
        if (!incoming->is_stream) {
            return read_body(incoming);
        }
        listener_(number, Opened{});
        read_stream(incoming);
    } catch (...) {
        fail(number);
    }
}

// Reads in pieces, because neither extract_string() nor its buffer has a limit.
void WireCore::read_body(const std::shared_ptr<Incoming>& incoming) {
    auto buffer = incoming->response.body().streambuf();
    buffer.getn(incoming->block.data(), incoming->block.size())
        .then([self = shared_from_this(), incoming](const pplx::task<std::size_t>& read) {
            try {
                const std::size_t size = read.get(); // ready
                if (size == 0) {
                    return self->on_body_end(incoming);
                }
                std::string& body = incoming->answer.body;
                body.append(reinterpret_cast<const char*>(incoming->block.data()), size);
                if (body.size() <= HttpTransport::kMaxBody) {
                    return self->read_body(incoming);
                }
                self->cancel(incoming->number);
                self->finish(incoming->number, too_large());
            } catch (...) {
                self->fail(incoming->number);
            }
        });
}

// Reads the available bytes at once: getn() alone would wait until its block is full.
void WireCore::read_stream(const std::shared_ptr<Incoming>& incoming) {
    auto buffer = incoming->response.body().streambuf();
    buffer.getn(incoming->block.data(), 1)
        .then([self = shared_from_this(), incoming, buffer](const pplx::task<std::size_t>& read) {
            try {
                std::size_t size = read.get(); // ready
                if (size == 0) {
                    return self->on_body_end(incoming);
                }
                auto more = buffer;
                const std::size_t here = std::min(more.in_avail(), incoming->block.size() - 1);
                if (here > 0) {
                    size += more.getn(incoming->block.data() + 1, here).get(); // ready
                }
                incoming->limit->release(size);
                self->listener_(
                    incoming->number,
                    Piece{{reinterpret_cast<const char*>(incoming->block.data()), size}});
                self->read_stream(incoming);
            } catch (...) {
                self->fail(incoming->number);
            }
        });
}

// The stream ends in the same way for a whole and for a broken body. This task knows the
// difference.
void WireCore::on_body_end(const std::shared_ptr<Incoming>& incoming) {
    incoming->response.content_ready().then(
        [self = shared_from_this(), incoming](const pplx::task<http::http_response>& ended) {
            try {
                ended.get();
                self->finish(incoming->number, std::move(incoming->answer));
            } catch (...) {
                self->fail(incoming->number);
            }
        });
}

// Call it inside a catch block.
void WireCore::fail(TryNumber number) {
    WireFailure failure;
    failure.is_plain = !tls_;
    try {
        throw;
    } catch (const http::http_exception& thrown) {
        failure.what = thrown.what();
        failure.code = thrown.error_code().value();
    } catch (const std::exception& thrown) {
        failure.what = thrown.what();
    }
    const auto found = running_.find(number);
    if (found != running_.end() && found->second.tunnel) {
        const auto on_the_way = found->second.tunnel->failure();
        failure.proxy = on_the_way.proxy;
        failure.trust = on_the_way.trust;
        failure.is_unconnected = on_the_way.is_unconnected;
        if (!on_the_way.what.empty()) {
            failure.what = on_the_way.what;
            failure.code = on_the_way.code;
        }
    }
    if (tls_ && failure.proxy.empty() && is_distrust(failure.code)) {
        failure.trust = tls_->trust_failure();
    }
    failure.is_too_large = found != running_.end() && found->second.limit->take_overflow();
    finish(number, std::move(failure));
}

void WireCore::finish(TryNumber number, News news) {
    running_.erase(number);
    listener_(number, std::move(news));
}

class PostingWire : public Wire {
public:
    explicit PostingWire(std::shared_ptr<WireCore> core) : core_(std::move(core)) {}

    void send(Try attempt) override {
        post([core = core_, attempt = std::move(attempt)] { core->send(attempt); });
    }
    void use_tls_of(const Endpoint& endpoint) override {
        post([core = core_, tls = TlsClients(endpoint)] { core->use(tls); });
    }
    void cancel(TryNumber number) override {
        post([core = core_, number] { core->cancel(number); });
    }
    void close() override {
        post([core = core_] { core->close(); });
    }

private:
    template <typename Function>
    static void post(Function function) {
        boost::asio::post(wire_loop(), std::move(function));
    }

    std::shared_ptr<WireCore> core_;
};

} // namespace

std::unique_ptr<Wire> make_wire(const Endpoint& endpoint, Listener listener) {
    prepare_openssl(); // before the thread starts, because it changes the environment
    TlsClients tls(endpoint);
    wire_loop();
    return std::make_unique<PostingWire>(
        std::make_shared<WireCore>(endpoint, std::move(tls), std::move(listener)));
}

} // namespace le_run::net
