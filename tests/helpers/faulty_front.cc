#include "helpers/faulty_front.h"

#include <atomic>
#include <future>
#include <list>
#include <thread>

#include "helpers/front_sessions.h"

namespace le_run::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Mode = FaultyFront::Mode;

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
    case Mode::kSlow:
    case Mode::kFull:
    case Mode::kHang:
    case Mode::kRefuse:
    case Mode::kReset:
    case Mode::kDropAnswers:
    case Mode::kDrip:
        return "";
    }
    return "";
}

// And carries requests.
bool ends_tls(Mode mode) { return mode == Mode::kSlow || mode == Mode::kFull; }

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
        keep_from_children(reserved_);
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
        in_loop([&] {
            const Mode before = state_.mode;
            state_.mode = mode;
            const bool carries_bytes = (before == Mode::kPass || before == Mode::kDrip) &&
                                       (mode == Mode::kPass || mode == Mode::kDrip ||
                                        mode == Mode::kHang || mode == Mode::kDropAnswers);
            const bool carries_on = carries_bytes || (ends_tls(before) && ends_tls(mode));
            if (!carries_on) {
                close_sessions();
            }
            error_code ignored;
            if (mode == Mode::kRefuse) {
                acceptor_.close(ignored);
            } else if (!acceptor_.is_open()) {
                listen();
            }
        });
    }

    void slow_down(std::chrono::nanoseconds delay) {
        in_loop([&] { state_.delay = delay; });
        set(Mode::kSlow);
    }

    void hang_next() {
        in_loop([&] { state_.hangs_next = true; });
    }

    const std::string& port() const { return port_; }
    int connections() const { return connections_; }

private:
    template <class Change>
    void in_loop(Change change) {
        std::promise<void> done;
        asio::post(loop_, [&] {
            change();
            done.set_value();
        });
        done.get_future().wait();
    }

    template <class Socket>
    static void share_port(Socket& socket) {
        socket.set_option(asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>(true));
    }

    void listen() {
        acceptor_.open(tcp::v4());
        keep_from_children(acceptor_);
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
            keep_from_children(client);
            ++connections_;
            begin(std::move(client));
            accept();
        });
    }

    void begin(tcp::socket client) {
        if (state_.mode == Mode::kReset) {
            return reset(client);
        }
        if (const std::string head = head_of(state_.mode); !head.empty()) {
            return remember(answer_once(std::move(client), tls_, head));
        }
        if (ends_tls(state_.mode)) {
            return remember(relay_requests(std::move(client), tls_, server_, state_));
        }
        remember(relay_bytes(std::move(client), server_, state_));
    }

    void remember(const std::shared_ptr<FrontSession>& session) {
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
    FrontState state_;
    std::atomic<int> connections_{0};
    std::list<std::shared_ptr<FrontSession>> sessions_;
    std::thread thread_;
};

FaultyFront::FaultyFront(const ApiServerAccess& server) : impl_(std::make_unique<Impl>(server)) {}
FaultyFront::~FaultyFront() = default;
const std::string& FaultyFront::port() const { return impl_->port(); }
void FaultyFront::set(Mode mode) { impl_->set(mode); }
void FaultyFront::slow_down(std::chrono::nanoseconds delay) { impl_->slow_down(delay); }
void FaultyFront::hang_next() { impl_->hang_next(); }
int FaultyFront::connections() const { return impl_->connections(); }

} // namespace le_run::test
