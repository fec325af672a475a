#include "helpers/faulty_front.h"

#include <array>
#include <atomic>
#include <future>
#include <list>
#include <thread>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

namespace le_run::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Mode = FaultyFront::Mode;

// One client's connection. Kept until it is closed: one that hangs has nothing under way that would
// keep it.
class Session {
public:
    virtual ~Session() = default;
    void close() { // resets the client
        closed_ = true;
        close_sockets();
    }
    bool is_closed() const { return closed_; }

private:
    virtual void close_sockets() = 0;
    bool closed_ = false;
};

void reset(tcp::socket& socket) {
    error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

// Carries bytes both ways, as the mode allows at the moment.
class Relay : public Session, public std::enable_shared_from_this<Relay> {
public:
    Relay(tcp::socket client, const std::atomic<Mode>& mode)
        : client_(std::move(client)), server_(client_.get_executor()),
          pause_(client_.get_executor()), mode_(mode) {}

    void start(const tcp::endpoint& server) {
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
                if (self->mode_ == Mode::kHang) {
                    return; // nothing moves any more; set() resets this connection
                }
                asio::async_write(self->server_, asio::buffer(self->up_, size),
                                  [self](error_code failed, std::size_t) {
                                      failed ? self->close() : self->to_server();
                                  });
            });
    }

    void to_client() {
        const std::size_t most = mode_ == Mode::kDrip ? 1 : down_.size();
        server_.async_read_some(asio::buffer(down_.data(), most),
                                [self = shared_from_this()](error_code error, std::size_t size) {
                                    error ? self->close() : self->forward(size);
                                });
    }

    void forward(std::size_t size) {
        if (mode_ == Mode::kHang) {
            return;
        }
        if (mode_ == Mode::kDropAnswers) {
            return to_client();
        }
        asio::async_write(client_, asio::buffer(down_.data(), size),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (error) {
                                  return self->close();
                              }
                              if (self->mode_ != Mode::kDrip) {
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
    const std::atomic<Mode>& mode_;
    std::array<char, 16384> up_{};
    std::array<char, 16384> down_{};
};

// Accepts TLS, reads a request, answers it and closes.
class Answerer : public Session, public std::enable_shared_from_this<Answerer> {
public:
    Answerer(tcp::socket client, asio::ssl::context& context, std::string answer)
        : stream_(std::move(client), context), answer_(std::move(answer)) {}

    void start() {
        stream_.async_handshake(
            asio::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
                if (error) {
                    return self->close();
                }
                asio::async_read_until(self->stream_, self->request_, "\r\n\r\n",
                                       [self](error_code failed, std::size_t head) {
                                           failed ? self->close() : self->read_body(head);
                                       });
            });
    }

private:
    void close_sockets() override { reset(stream_.next_layer()); }

    // Else the end of the connection could overtake the answer.
    void read_body(std::size_t head) {
        const auto bytes = request_.data();
        const std::string text(asio::buffers_begin(bytes), asio::buffers_begin(bytes) + head);
        const std::string name = "Content-Length:";
        const auto at = text.find(name);
        const std::size_t size =
            head + (at == std::string::npos ? 0 : std::stoul(text.substr(at + name.size())));
        const std::size_t missing = size - std::min(size, request_.size());
        asio::async_read(stream_, request_, asio::transfer_exactly(missing),
                         [self = shared_from_this()](error_code error, std::size_t) {
                             error ? self->close() : self->answer();
                         });
    }

    void answer() {
        asio::async_write(stream_, asio::buffer(answer_),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (error) {
                                  return self->close();
                              }
                              self->stream_.async_shutdown(
                                  [self](error_code) { // an orderly end: the answer arrives whole
                                      self->close();
                                  });
                          });
    }

    asio::ssl::stream<tcp::socket> stream_;
    asio::streambuf request_;
    std::string answer_;
};

// The status line and what belongs to it; empty where the mode answers nothing itself.
std::string head_of(Mode mode) {
    switch (mode) {
    case Mode::kAnswer500:
        return "HTTP/1.1 500 Internal Server Error\r\n";
    case Mode::kAnswer429:
        return "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\n";
    case Mode::kAnswer503:
        return "HTTP/1.1 503 Service Unavailable\r\n";
    case Mode::kAnswer401:
        return "HTTP/1.1 401 Unauthorized\r\n";
    case Mode::kPass:
    case Mode::kHang:
    case Mode::kRefuse:
    case Mode::kReset:
    case Mode::kDropAnswers:
    case Mode::kDrip:
        return "";
    }
    return "";
}

std::string answer_of(const std::string& head) {
    const std::string body =
        R"({"kind":"Status","status":"Failure","reason":"InternalError","message":"a fault"})";
    return head + "Content-Type: application/json\r\nConnection: close\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

} // namespace

class FaultyFront::Impl {
public:
    explicit Impl(const ApiServerAccess& server)
        : server_(asio::ip::address_v4::loopback(),
                  static_cast<std::uint16_t>(std::stoi(server.port))),
          tls_(asio::ssl::context::tls_server), reserved_(loop_), acceptor_(loop_) {
        tls_.use_certificate_chain(asio::buffer(server.text("server.crt")));
        tls_.use_private_key(asio::buffer(server.text("server.key")), asio::ssl::context::pem);
        // Bound, never listening: keeps the port ours while connections to it are refused.
        reserved_.open(tcp::v4());
        share_port(reserved_);
        reserved_.bind({asio::ip::address_v4::loopback(), 0});
        endpoint_ = reserved_.local_endpoint();
        port_ = std::to_string(endpoint_.port());
        listen();
        thread_ = std::thread([this] { loop_.run(); });
    }

    ~Impl() {
        set(Mode::kRefuse);
        work_.reset();
        loop_.stop();
        thread_.join();
    }

    void set(Mode mode) {
        std::promise<void> done;
        asio::post(loop_, [&] {
            const Mode before = mode_;
            mode_ = mode;
            const bool carries_on = (before == Mode::kPass || before == Mode::kDrip) &&
                                    (mode == Mode::kPass || mode == Mode::kDrip ||
                                     mode == Mode::kHang || mode == Mode::kDropAnswers);
            if (!carries_on) {
                close_sessions();
            }
            error_code ignored;
            if (mode == Mode::kRefuse) {
                acceptor_.close(ignored);
            } else if (!acceptor_.is_open()) {
                listen();
            }
            done.set_value();
        });
        done.get_future().wait();
    }

    const std::string& port() const { return port_; }
    int connections() const { return connections_; }

private:
    template <class Socket>
    static void share_port(Socket& socket) {
        socket.set_option(asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>(true));
    }

    void listen() {
        acceptor_.open(tcp::v4());
        share_port(acceptor_);
        acceptor_.bind(endpoint_);
        acceptor_.listen();
        accept();
    }

    void accept() {
        acceptor_.async_accept([this](error_code error, tcp::socket client) {
            if (error) {
                return; // closed by set()
            }
            ++connections_;
            begin(std::move(client));
            accept();
        });
    }

    void begin(tcp::socket client) {
        if (mode_ == Mode::kReset) {
            return reset(client);
        }
        if (const std::string head = head_of(mode_); !head.empty()) {
            const auto session =
                std::make_shared<Answerer>(std::move(client), tls_, answer_of(head));
            session->start();
            return remember(session);
        }
        const auto session = std::make_shared<Relay>(std::move(client), mode_);
        if (mode_ != Mode::kHang) {
            session->start(server_);
        }
        remember(session);
    }

    void remember(const std::shared_ptr<Session>& session) {
        sessions_.remove_if([](const auto& one) { return one->is_closed(); });
        sessions_.push_back(session);
    }

    void close_sessions() {
        for (const auto& session : sessions_) {
            session->close();
        }
        sessions_.clear();
    }

    asio::io_context loop_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    tcp::endpoint server_;
    asio::ssl::context tls_;
    tcp::socket reserved_;
    tcp::acceptor acceptor_;
    tcp::endpoint endpoint_;
    std::string port_;
    std::atomic<Mode> mode_{Mode::kPass};
    std::atomic<int> connections_{0};
    std::list<std::shared_ptr<Session>> sessions_;
    std::thread thread_;
};

FaultyFront::FaultyFront(const ApiServerAccess& server) : impl_(std::make_unique<Impl>(server)) {}
FaultyFront::~FaultyFront() = default;
const std::string& FaultyFront::port() const { return impl_->port(); }
void FaultyFront::set(Mode mode) { impl_->set(mode); }
int FaultyFront::connections() const { return impl_->connections(); }

} // namespace le_run::test
