#include "net/tunnel.h"

#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "net/proxy_greeting.h"

namespace le_run::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;
using Block = std::array<char, 16 * 1024>;

// So many bytes may wait until the connection is open, or until the proxy takes them.
constexpr std::size_t kMaxWaiting = 1024 * 1024;
// A connection that was announced but not made leaves its port in the list.
constexpr std::size_t kMaxExpected = 16;
constexpr std::chrono::milliseconds kPauseAfterError{100};

// A connection to a proxy, with or without TLS.
class ProxyStream {
public:
    explicit ProxyStream(asio::io_context& thread) : socket(thread) {}

    template <typename Handler>
    void start_tls(const std::shared_ptr<TlsClient>& client, Handler handler) {
        asio::ssl::context context(asio::ssl::context::tls_client);
        context.set_verify_mode(asio::ssl::verify_peer);
        // No limit here: the connection inside has one.
        TlsClient::apply(client, context.native_handle(), nullptr);
        tls_.emplace(socket, context); // keeps a reference to the SSL_CTX
        tls_->async_handshake(asio::ssl::stream_base::client, std::move(handler));
    }
    template <typename Handler>
    void read_some(Block& block, Handler handler) {
        tls_ ? tls_->async_read_some(asio::buffer(block), std::move(handler))
             : socket.async_read_some(asio::buffer(block), std::move(handler));
    }
    template <typename Handler>
    void write(const std::string& bytes, Handler handler) {
        tls_ ? asio::async_write(*tls_, asio::buffer(bytes), std::move(handler))
             : asio::async_write(socket, asio::buffer(bytes), std::move(handler));
    }

    tcp::socket socket;

private:
    std::optional<asio::ssl::stream<tcp::socket&>> tls_;
};

void close(tcp::socket& socket) {
    Error ignored;
    socket.close(ignored);
}

// The result of the last connection.
struct Fortune {
    void begin() { *this = {}; }
    void open() {
        failure = {};
        is_open = true;
        if (const auto done = std::exchange(when_open, nullptr)) {
            done();
        }
    }

    WireFailure failure;
    bool is_open = false;
    std::function<void()> when_open;
};

// One connection from cpprest ("near"), and its connection towards the server ("far"). When one
// ends, both end.
class Carrier : public std::enable_shared_from_this<Carrier> {
public:
    Carrier(asio::io_context& thread, tcp::socket near, const Tunnel::Way& way,
            std::shared_ptr<Fortune> fortune)
        : near_(std::move(near)), far_(thread), way_(way), fortune_(std::move(fortune)) {
        if (way.proxy) {
            greeting_.emplace(*way.proxy, way.host, way.port);
        }
    }

    void begin() {
        Error ignored;
        near_.set_option(tcp::no_delay(true), ignored);
        read_near(); // already before the far side is open, to notice when cpprest gives up
        const std::string& port = way_.proxy ? way_.proxy->port : way_.port;
        const tcp::endpoint there(asio::ip::make_address(way_.address),
                                  static_cast<std::uint16_t>(std::stoi(port)));
        far_.socket.async_connect(
            there, [self = shared_from_this()](Error error) { self->on_connected(error); });
    }

private:
    void on_connected(Error error);
    void on_handshake(Error error);
    void greet(std::string bytes);
    void read_greeting();
    void on_greeting(std::size_t size);
    void open(std::string first);
    void read_near();
    void write_far();
    void read_far();
    void write_near(std::string bytes);
    void refuse(const std::string& why);
    void fail_to_connect(Error error);
    void fail(WireFailure failure);
    void cut();
    void close_both() {
        close(near_);
        close(far_.socket);
    }

    tcp::socket near_;
    ProxyStream far_;
    Tunnel::Way way_;
    std::optional<ProxyGreeting> greeting_; // only with a proxy
    std::shared_ptr<Fortune> fortune_;      // the tunnel's
    Block from_near_;
    Block from_far_;
    std::string to_far_;  // being written
    std::string to_near_; // being written
    std::string waiting_; // for to_far_
    bool is_open_ = false;
};

void Carrier::on_connected(Error error) {
    if (!near_.is_open()) {
        return; // cpprest has given up meanwhile
    }
    if (error && !way_.proxy) {
        return fail_to_connect(error);
    }
    if (error) {
        return refuse("the proxy cannot be reached: " + describe_connect(error.value()) +
                      "; check host and port of " + way_.proxy->source);
    }
    far_.socket.set_option(tcp::no_delay(true), error);
    if (!way_.proxy) {
        return open({});
    }
    if (!way_.tls) {
        return greet(greeting_->begin());
    }
    far_.start_tls(way_.tls,
                   [self = shared_from_this()](Error failed) { self->on_handshake(failed); });
}

void Carrier::on_handshake(Error error) {
    if (!error) {
        return greet(greeting_->begin());
    }
    WireFailure failure;
    if (is_distrust(error.value())) {
        failure.trust = way_.tls->trust_failure();
        failure.trust.text = "the proxy is not trusted: " + failure.trust.text;
    }
    failure.proxy = "TLS with the proxy failed: " + error.message() +
                    "; check scheme and port of " + way_.proxy->source;
    fail(std::move(failure));
}

void Carrier::greet(std::string bytes) {
    to_far_ = std::move(bytes);
    far_.write(to_far_, [self = shared_from_this()](Error error, std::size_t) {
        error ? self->refuse(self->greeting_->closed_early()) : self->read_greeting();
    });
}

void Carrier::read_greeting() {
    far_.read_some(from_far_, [self = shared_from_this()](Error error, std::size_t size) {
        error ? self->refuse(self->greeting_->closed_early()) : self->on_greeting(size);
    });
}

void Carrier::on_greeting(std::size_t size) {
    auto step = greeting_->receive({from_far_.data(), size});
    if (auto* say = std::get_if<ProxyGreeting::Say>(&step)) {
        greet(std::move(say->bytes));
    } else if (auto* opened = std::get_if<ProxyGreeting::Opened>(&step)) {
        open(std::move(opened->rest));
    } else if (const auto* refused = std::get_if<ProxyGreeting::Refused>(&step)) {
        refuse(refused->text);
    } else {
        read_greeting();
    }
}

void Carrier::open(std::string first) {
    fortune_->open();
    is_open_ = true;
    to_far_.clear();
    write_far();
    first.empty() ? read_far() : write_near(std::move(first));
}

void Carrier::read_near() {
    near_.async_read_some(asio::buffer(from_near_),
                          [self = shared_from_this()](Error error, std::size_t size) {
                              self->waiting_.append(self->from_near_.data(), size);
                              if (error || self->waiting_.size() > kMaxWaiting) {
                                  return self->close_both();
                              }
                              if (self->is_open_ && self->to_far_.empty()) {
                                  self->write_far();
                              }
                              self->read_near();
                          });
}

void Carrier::write_far() {
    if (waiting_.empty()) {
        return;
    }
    to_far_ = std::exchange(waiting_, {});
    far_.write(to_far_, [self = shared_from_this()](Error error, std::size_t) {
        if (error) {
            return self->close_both();
        }
        self->to_far_.clear();
        self->write_far();
    });
}

void Carrier::read_far() {
    far_.read_some(from_far_, [self = shared_from_this()](Error error, std::size_t size) {
        if (error) {
            return self->close_both();
        }
        if (self->way_.limit && !self->way_.limit->receive(size)) {
            return self->cut();
        }
        self->write_near({self->from_far_.data(), size});
    });
}

void Carrier::write_near(std::string bytes) {
    to_near_ = std::move(bytes);
    asio::async_write(near_, asio::buffer(to_near_),
                      [self = shared_from_this()](Error error, std::size_t) {
                          error ? self->close_both() : self->read_far();
                      });
}

void Carrier::refuse(const std::string& why) {
    WireFailure failure;
    failure.proxy = why;
    fail(std::move(failure));
}

// Reports the error as cpprest does without a tunnel.
void Carrier::fail_to_connect(Error error) {
    WireFailure failure;
    failure.what = "Failed to connect";
    failure.code = error.value();
    fail(std::move(failure));
}

void Carrier::fail(WireFailure failure) {
    if (near_.is_open()) { // otherwise cpprest has given up, and nobody asks for the result
        failure.is_unconnected = true;
        fortune_->failure = std::move(failure);
    }
    close_both();
}

// Closes with a reset: a normal end would look like the end of an answer without a length.
void Carrier::cut() {
    Error ignored;
    near_.set_option(asio::socket_base::linger(true, 0), ignored);
    close_both();
}

} // namespace

class Tunnel::State : public std::enable_shared_from_this<State> {
public:
    State(asio::io_context& thread, Way way)
        : thread_(thread), way_(std::move(way)),
          acceptor_(thread, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), pause_(thread) {}

    void accept() {
        acceptor_.async_accept([self = shared_from_this()](Error error, tcp::socket near) {
            if (!self->acceptor_.is_open()) {
                return;
            }
            if (error) {
                return self->accept_later();
            }
            self->take(std::move(near));
            self->accept();
        });
    }

    // Without a free descriptor, a connection stays waiting. Accepting again at once would use a
    // whole CPU.
    void accept_later() {
        pause_.expires_after(kPauseAfterError);
        pause_.async_wait([self = shared_from_this()](Error) {
            if (self->acceptor_.is_open()) {
                self->accept();
            }
        });
    }

    void take(tcp::socket near) {
        Error failed;
        const auto from = near.remote_endpoint(failed);
        if (!failed && std::erase(expected_, from) > 0) {
            std::make_shared<Carrier>(thread_, std::move(near), way_, fortune_)->begin();
        }
    }

    asio::io_context& thread_;
    const Way way_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    std::deque<tcp::endpoint> expected_; // the other ends of announced connections
    std::shared_ptr<Fortune> fortune_ = std::make_shared<Fortune>();
};

Tunnel::Tunnel(asio::io_context& thread, Way way)
    : state_(std::make_shared<State>(thread, std::move(way))) {
    state_->accept();
}

Tunnel::~Tunnel() {
    Error ignored;
    state_->acceptor_.close(ignored);
}

std::string Tunnel::address() const {
    return state_->acceptor_.local_endpoint().address().to_string();
}

std::string Tunnel::port() const {
    return std::to_string(state_->acceptor_.local_endpoint().port());
}

void Tunnel::expect(tcp::socket& socket) {
    if (socket.is_open()) {
        return;
    }
    state_->fortune_->begin();
    socket.open(tcp::v4());
    socket.bind({asio::ip::address_v4::loopback(), 0});
    state_->expected_.push_back(socket.local_endpoint());
    if (state_->expected_.size() > kMaxExpected) {
        state_->expected_.pop_front();
    }
}

void Tunnel::when_open(std::function<void()> done) {
    state_->fortune_->is_open ? done() : void(state_->fortune_->when_open = std::move(done));
}

WireFailure Tunnel::failure() const { return state_->fortune_->failure; }

} // namespace le_run::net
