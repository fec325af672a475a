#include "helpers/front_sessions.h"

#include <array>
#include <utility>

namespace le_run::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Mode = FaultyFront::Mode;

constexpr const char* kFullHead = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n";
// Of so many writes kFull lets one through.
constexpr int kWritesForOne = 10;

// Carries bytes both ways, as the mode allows at the moment.
class Relay : public FrontSession, public std::enable_shared_from_this<Relay> {
public:
    Relay(tcp::socket client, FrontState& state)
        : client_(std::move(client)), server_(client_.get_executor()),
          pause_(client_.get_executor()), state_(state) {}

    void start(const tcp::endpoint& server) {
        server_.open(tcp::v4());
        keep_from_children(server_);
        server_.async_connect(server, [self = shared_from_this()](error_code error) {
            if (error) {
                return self->close();
            }
            self->to_server();
            self->to_client();
        });
    }

private:
    void close_sockets() override {
        reset(client_);
        reset(server_);
        pause_.cancel();
    }

    void to_server() {
        client_.async_read_some(
            asio::buffer(up_), [self = shared_from_this()](error_code error, std::size_t size) {
                if (error) {
                    return self->close();
                }
                self->hangs_ = std::exchange(self->state_.hangs_next, false);
                if (self->state_.mode == Mode::kHang || self->hangs_) {
                    return; // nothing moves any more; set() resets this connection
                }
                asio::async_write(self->server_, asio::buffer(self->up_, size),
                                  [self](error_code failed, std::size_t) {
                                      failed ? self->close() : self->to_server();
                                  });
            });
    }

    void to_client() {
        const std::size_t most = state_.mode == Mode::kDrip ? 1 : down_.size();
        server_.async_read_some(asio::buffer(down_.data(), most),
                                [self = shared_from_this()](error_code error, std::size_t size) {
                                    error ? self->close() : self->forward(size);
                                });
    }

    void forward(std::size_t size) {
        if (state_.mode == Mode::kHang || hangs_) {
            return;
        }
        if (state_.mode == Mode::kDropAnswers) {
            return to_client();
        }
        asio::async_write(client_, asio::buffer(down_.data(), size),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (error) {
                                  return self->close();
                              }
                              if (self->state_.mode != Mode::kDrip) {
                                  return self->to_client();
                              }
                              self->pause_.expires_after(std::chrono::seconds(1));
                              self->pause_.async_wait([self](error_code cancelled) {
                                  if (!cancelled) {
                                      self->to_client();
                                  }
                              });
                          });
    }

    tcp::socket client_;
    tcp::socket server_;
    asio::steady_timer pause_;
    FrontState& state_;
    bool hangs_ = false; // for good
    std::array<char, 16384> up_{};
    std::array<char, 16384> down_{};
};

// Accepts TLS and reads requests whole.
class RequestReader : public FrontSession, public std::enable_shared_from_this<RequestReader> {
public:
    RequestReader(tcp::socket client, asio::ssl::context& tls) : client_(std::move(client), tls) {}

    void start() {
        client_.async_handshake(asio::ssl::stream_base::server,
                                [self = shared_from_this()](error_code error) {
                                    error ? self->close() : self->ready();
                                });
    }

protected:
    void read_request() {
        asio::async_read_until(client_, received_, "\r\n\r\n",
                               [self = shared_from_this()](error_code error, std::size_t head) {
                                   error ? self->close() : self->read_body(head);
                               });
    }

    void close_sockets() override { reset(client_.next_layer()); }
    virtual void ready() = 0;
    virtual void on_request(const std::string& request) = 0;

    asio::ssl::stream<tcp::socket> client_;

private:
    void read_body(std::size_t head) {
        const auto bytes = received_.data();
        const std::string text(asio::buffers_begin(bytes), asio::buffers_begin(bytes) + head);
        const std::string name = "Content-Length:";
        const auto at = text.find(name);
        const std::size_t size =
            head + (at == std::string::npos ? 0 : std::stoul(text.substr(at + name.size())));
        const std::size_t missing = size - std::min(size, received_.size());
        asio::async_read(client_, received_, asio::transfer_exactly(missing),
                         [self = shared_from_this(), size](error_code error, std::size_t) {
                             error ? self->close() : self->take(size);
                         });
    }

    void take(std::size_t size) {
        const auto from = asio::buffers_begin(received_.data());
        const std::string request(from, from + static_cast<std::ptrdiff_t>(size));
        received_.consume(size);
        on_request(request);
    }

    asio::streambuf received_;
};

std::string answer_of(const std::string& head) {
    const std::string body =
        R"({"kind":"Status","status":"Failure","reason":"InternalError","message":"a fault"})";
    return head +
           "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

class Answerer : public RequestReader {
public:
    Answerer(tcp::socket client, asio::ssl::context& tls, const std::string& head)
        : RequestReader(std::move(client), tls),
          answer_(answer_of(head + "Connection: close\r\n")) {}

private:
    void ready() override { read_request(); }

    // After the whole request: else the end of the connection could overtake the answer.
    void on_request(const std::string&) override {
        asio::async_write(client_, asio::buffer(answer_),
                          [this, self = shared_from_this()](error_code error, std::size_t) {
                              if (error) {
                                  return close();
                              }
                              // An orderly end: the answer arrives whole.
                              client_.async_shutdown([self](error_code) { self->close(); });
                          });
    }

    const std::string answer_;
};

class RequestRelay : public RequestReader {
public:
    RequestRelay(tcp::socket client, asio::ssl::context& tls, tcp::endpoint server,
                 FrontState& state)
        : RequestReader(std::move(client), tls), to_server_(asio::ssl::context::tls_client),
          server_(client_.get_executor(), to_server_), endpoint_(std::move(server)),
          timer_(client_.get_executor()), state_(state) {}

private:
    void close_sockets() override {
        RequestReader::close_sockets();
        reset(server_.next_layer());
        timer_.cancel();
    }

    void ready() override {
        server_.next_layer().open(tcp::v4());
        keep_from_children(server_.next_layer());
        server_.next_layer().async_connect(
            endpoint_, [this, self = shared_from_this()](error_code error) {
                if (error) {
                    return close();
                }
                server_.async_handshake(asio::ssl::stream_base::client,
                                        [this, self](error_code failed) {
                                            if (failed) {
                                                return close();
                                            }
                                            read_request();
                                            to_client();
                                        });
            });
    }

    void on_request(const std::string& request) override {
        request_ = request;
        if (std::exchange(state_.hangs_next, false)) {
            return; // nothing moves any more
        }
        const bool is_write = request_.rfind("GET ", 0) != 0;
        if (state_.mode == Mode::kFull && is_write && ++state_.writes % kWritesForOne != 0) {
            request_ = answer_of(kFullHead);
            write_to(client_);
            return;
        }
        timer_.expires_after(state_.mode == Mode::kSlow ? state_.delay
                                                        : std::chrono::nanoseconds());
        timer_.async_wait([this, self = shared_from_this()](error_code cancelled) {
            if (!cancelled) {
                write_to(server_);
            }
        });
    }

    void write_to(asio::ssl::stream<tcp::socket>& stream) {
        asio::async_write(stream, asio::buffer(request_),
                          [this, self = shared_from_this()](error_code error, std::size_t) {
                              error ? close() : read_request();
                          });
    }

    void to_client() {
        server_.async_read_some(asio::buffer(down_), [this, self = shared_from_this()](
                                                         error_code error, std::size_t size) {
            if (error) {
                return close();
            }
            asio::async_write(
                client_, asio::buffer(down_.data(), size),
                [this, self](error_code failed, std::size_t) { failed ? close() : to_client(); });
        });
    }

    asio::ssl::context to_server_;
    asio::ssl::stream<tcp::socket> server_;
    const tcp::endpoint endpoint_;
    asio::steady_timer timer_;
    FrontState& state_;
    std::string request_; // on its way
    std::array<char, 16384> down_{};
};

} // namespace

void reset(tcp::socket& socket) {
    error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

std::shared_ptr<FrontSession> relay_bytes(tcp::socket client, const tcp::endpoint& server,
                                          FrontState& state) {
    const auto relay = std::make_shared<Relay>(std::move(client), state);
    if (state.mode != Mode::kHang) {
        relay->start(server);
    }
    return relay;
}

std::shared_ptr<FrontSession> relay_requests(tcp::socket client, asio::ssl::context& tls,
                                             const tcp::endpoint& server, FrontState& state) {
    const auto relay = std::make_shared<RequestRelay>(std::move(client), tls, server, state);
    relay->start();
    return relay;
}

std::shared_ptr<FrontSession> answer_once(tcp::socket client, asio::ssl::context& tls,
                                          const std::string& head) {
    const auto answerer = std::make_shared<Answerer>(std::move(client), tls, head);
    answerer->start();
    return answerer;
}

} // namespace le_run::test
