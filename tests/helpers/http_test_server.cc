#include "helpers/http_test_server.h"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <system_error>
#include <thread>

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "helpers/test_stream.h"

namespace le_run::test {

namespace {

std::string hex(std::size_t number) {
    char text[20];
    std::snprintf(text, sizeof text, "%zx", number);
    return text;
}

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), std::string("test server: ") + what);
}

struct Listener {
    int fd;
    std::string port;
};

Listener listen_on(const std::string& address, const std::string& wanted_port, int backlog) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), wanted_port.c_str(), &wanted, &found) != 0) {
        fail("not an address");
    }
    const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_bound = fd >= 0 && ::bind(fd, found->ai_addr, found->ai_addrlen) == 0;
    ::freeaddrinfo(found);
    if (!is_bound || ::listen(fd, backlog) != 0) {
        const int why = errno;
        if (fd >= 0) {
            ::close(fd);
        }
        errno = why;
        fail("listen");
    }
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
    char port[NI_MAXSERV];
    ::getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, nullptr, 0, port, sizeof port,
                  NI_NUMERICSERV);
    return {fd, port};
}

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

Context make_context(const ServerTls& tls) {
    Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    const auto read = [](const std::string& pem) {
        return std::unique_ptr<BIO, decltype(&BIO_free)>(
            BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    };
    X509* leaf =
        PEM_read_bio_X509(read(tls.identity.certificate_pem).get(), nullptr, nullptr, nullptr);
    EVP_PKEY* key =
        PEM_read_bio_PrivateKey(read(tls.identity.key_pem).get(), nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context.get(), leaf);
    SSL_CTX_use_PrivateKey(context.get(), key);
    X509_free(leaf);
    EVP_PKEY_free(key);
    if (!tls.client_ca_pem.empty()) {
        X509* ca = PEM_read_bio_X509(read(tls.client_ca_pem).get(), nullptr, nullptr, nullptr);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca);
        X509_free(ca);
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           nullptr);
        // Without it OpenSSL refuses who comes back with a session.
        const unsigned char name[] = "test";
        SSL_CTX_set_session_id_context(context.get(), name, sizeof name);
    }
    if (tls.only_tls_1_1) {
        SSL_CTX_set_cipher_list(context.get(), "DEFAULT@SECLEVEL=0");
        SSL_CTX_set_min_proto_version(context.get(), TLS1_1_VERSION);
        SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
    }
    return context;
}

std::string subject_of_peer(SSL* ssl) {
    X509* shown = SSL_get1_peer_certificate(ssl);
    if (shown == nullptr) {
        return {};
    }
    char text[512] = "";
    X509_NAME_oneline(X509_get_subject_name(shown), text, sizeof text);
    X509_free(shown);
    return text;
}

// Reads one request; false: the connection ended.
bool read_request(TestStream& stream, std::string& unread, ServedRequest& request) {
    const auto need = [&](auto is_enough) {
        while (!is_enough()) {
            const std::string more = stream.read_some();
            if (more.empty()) {
                return false;
            }
            unread += more;
        }
        return true;
    };
    std::size_t end = 0;
    if (!need([&] { return !unread.empty(); })) {
        return false;
    }
    if (std::isupper(static_cast<unsigned char>(unread[0])) == 0) {
        stream.write("HTTP/1.1 400 Not HTTP\r\nContent-Length: 0\r\n\r\n");
        return false;
    }
    if (!need([&] { return (end = unread.find("\r\n\r\n")) != std::string::npos; })) {
        return false;
    }
    const std::string head = unread.substr(0, end + 2);
    unread.erase(0, end + 4);
    const std::size_t first_line = head.find("\r\n");
    const std::size_t space = head.find(' ');
    request.method = head.substr(0, space);
    request.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
    request.headers.clear();
    for (std::size_t at = first_line + 2; at < head.size();) {
        const std::size_t line_end = head.find("\r\n", at);
        const std::size_t colon = head.find(':', at);
        std::string name = head.substr(at, colon - at);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const std::size_t value = head.find_first_not_of(' ', colon + 1);
        std::string& values = request.headers[name];
        values += (values.empty() ? "" : "\n") + head.substr(value, line_end - value);
        at = line_end + 2;
    }
    const auto length = request.headers.find("content-length");
    const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
    if (!need([&] { return unread.size() >= size; })) {
        return false;
    }
    request.body = unread.substr(0, size);
    unread.erase(0, size);
    return true;
}

// The server's side of SOCKS 5, up to its reply; false: the connection ended or was refused.
bool take_socks_request(TestStream& stream, const SocksRules& rules, ServedRequest& request) {
    std::string unread;
    const auto take = [&](std::size_t size) {
        while (unread.size() < size) {
            const std::string more = stream.read_some();
            if (more.empty()) {
                return std::string(size, '\0');
            }
            unread += more;
        }
        const std::string taken = unread.substr(0, size);
        unread.erase(0, size);
        return taken;
    };
    const auto take_text = [&] { return take(static_cast<unsigned char>(take(1)[0])); };
    const auto say = [&](std::initializer_list<int> values) {
        return stream.write(std::string(values.begin(), values.end()));
    };
    if (take(1)[0] != 5) {
        return false;
    }
    const char method = rules.user.empty() ? 0 : 2;
    if (take_text().find(method) == std::string::npos) {
        say({5, 0xff});
        return false;
    }
    say({5, method});
    if (method == 2) {
        take(1);
        request.headers["user"] = take_text();
        request.headers["password"] = take_text();
        const bool is_right =
            request.headers["user"] == rules.user && request.headers["password"] == rules.password;
        say({1, is_right ? 0 : 1});
        if (!is_right) {
            return false;
        }
    }
    request.method = "SOCKS";
    const char kind = take(4)[3];
    const std::string host =
        kind == 3 ? take_text() : std::to_string(take(kind == 1 ? 4 : 16).size());
    const std::string port = take(2);
    request.target = host + ":" +
                     std::to_string(static_cast<unsigned char>(port[0]) * 256 +
                                    static_cast<unsigned char>(port[1]));
    say({5, rules.reply, 0, 1, 0, 0, 0, 0, 0, 0});
    return rules.reply == 0;
}

void write_for_ever(TestStream& stream, const std::string& piece) {
    while (stream.write(piece)) {
    }
}

// Answers; false: the connection is to be closed.
bool give(TestStream& stream, const Answer& answer) {
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " Status\r\n";
    for (const auto& [name, value] : answer.headers) {
        head += name + ": " + value + "\r\n";
    }
    const std::string block(60000, 'x');
    switch (answer.kind) {
    case Answer::Kind::kWhole:
        return stream.write(head + "Content-Length: " + std::to_string(answer.body.size()) +
                            "\r\n\r\n" + answer.body);
    case Answer::Kind::kSilent:
        stream.hang();
        return false;
    case Answer::Kind::kUnended:
        stream.write(head + "Transfer-Encoding: chunked\r\n\r\n" + hex(answer.body.size()) +
                     "\r\n" + answer.body + "\r\n");
        stream.hang();
        return false;
    case Answer::Kind::kDrip:
        stream.write(head + "Content-Length: 1000\r\n\r\n");
        while (stream.pause_ms(20) && stream.write("x")) {
        }
        return false;
    case Answer::Kind::kEndless:
        stream.write(head + "Transfer-Encoding: chunked\r\n\r\n");
        write_for_ever(stream, "ea60\r\n" + block + "\r\n"); // 60000
        return false;
    case Answer::Kind::kHugeChunk:
        stream.write(head + "Transfer-Encoding: chunked\r\n\r\n7fffff00\r\n");
        write_for_ever(stream, block);
        return false;
    case Answer::Kind::kHugeChunkAndUpdates:
        stream.write(head + "Transfer-Encoding: chunked\r\n\r\n7fffff00\r\n");
        while (stream.write(block)) {
            SSL_key_update(stream.ssl(), SSL_KEY_UPDATE_REQUESTED);
        }
        return false;
    case Answer::Kind::kHugeLength:
        stream.write(head + "Content-Length: 1000000000\r\n\r\n");
        write_for_ever(stream, block);
        return false;
    case Answer::Kind::kEndlessHeader:
        stream.write(head + "X-Long: ");
        write_for_ever(stream, block);
        return false;
    case Answer::Kind::kHalfThenReset:
        stream.write(head + "Content-Length: 1000\r\n\r\n" + std::string(500, 'x'));
        stream.reset();
        return false;
    case Answer::Kind::kHalfThenEnd:
        stream.write(head + "Content-Length: 1000\r\n\r\n" + std::string(500, 'x'));
        return false;
    case Answer::Kind::kNotHttp:
        stream.write(answer.body);
        return false;
    case Answer::Kind::kTunnel:
        stream.write("HTTP/1.1 200 Connection established\r\n\r\n");
        stream.carry(*TestStream::connect_to("127.0.0.1", answer.body));
        return false;
    }
    return false;
}

} // namespace

class HttpTestServer::State {
public:
    State(Handler handler, Options options)
        : handler_(std::move(handler)), options_(std::move(options)),
          listener_(listen_on(options_.address, options_.port, 128)),
          stop_(::eventfd(0, EFD_CLOEXEC)) {
        if (options_.tls) {
            context_ = make_context(*options_.tls);
        }
        if (options_.accepts) {
            acceptor_ = start([this] { accept_all(); });
        }
    }

    ~State() {
        ::eventfd_write(stop_, 1);
        if (acceptor_.joinable()) {
            acceptor_.join();
        }
        for (auto& each : connections_) {
            each.join();
        }
        ::close(listener_.fd);
        ::close(stop_);
    }

    template <typename Function>
    static std::thread start(Function function) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        std::thread started(std::move(function));
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return started;
    }

    void accept_all() {
        for (;;) {
            pollfd fds[] = {{listener_.fd, POLLIN, 0}, {stop_, POLLIN, 0}};
            ::poll(fds, 2, -1);
            if (fds[1].revents != 0) {
                return;
            }
            const int fd = ::accept4(listener_.fd, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) {
                continue;
            }
            const std::lock_guard lock(mutex_);
            const int number = ++accepted_;
            ++open_;
            fds_[number] = fd;
            connections_.push_back(start([this, fd, number] {
                TestStream stream(fd, stop_);
                serve(stream, number);
                {
                    const std::lock_guard ending(mutex_); // while it closes nobody may touch it
                    fds_.erase(number);
                }
                stream.close();
                const std::lock_guard closed(mutex_);
                --open_;
            }));
        }
    }

    void end_connections(Ending how) {
        const std::lock_guard lock(mutex_);
        const linger at_once = {1, 0};
        for (const auto& [number, fd] : fds_) {
            if (how == Ending::kReset) {
                ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            }
            // Its thread wakes up and closes it.
            ::shutdown(fd, how == Ending::kReset ? SHUT_RD : SHUT_RDWR);
        }
    }

    void serve(TestStream& stream, int number) {
        if (!options_.handshakes) {
            return stream.hang();
        }
        ServedRequest request;
        request.connection = number;
        if (options_.tls) {
            std::shared_ptr<SSL_CTX> context;
            {
                const std::lock_guard lock(mutex_);
                context = context_;
            }
            if (!stream.start_tls(context.get(), true)) {
                return stream.end_gently(); // so that the alert arrives
            }
            const char* name = SSL_get_servername(stream.ssl(), TLSEXT_NAMETYPE_host_name);
            request.server_name = name == nullptr ? "" : name;
            request.client_subject = subject_of_peer(stream.ssl());
            const std::lock_guard lock(mutex_);
            ++handshaken_;
            resumed_ += SSL_session_reused(stream.ssl());
        }
        if (options_.socks) {
            const bool is_through = take_socks_request(stream, *options_.socks, request);
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            if (is_through) {
                stream.carry(*TestStream::connect_to("127.0.0.1", options_.socks->target));
            }
            return;
        }
        std::string unread;
        while (read_request(stream, unread, request)) {
            Handler handler;
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
                handler = handler_;
            }
            const Answer answer = handler(request);
            if (!give(stream, answer) || answer.ends_connection) {
                return;
            }
        }
    }

    mutable std::mutex mutex_; // guards what follows up to listener_
    Handler handler_;
    std::vector<std::thread> connections_;
    std::vector<ServedRequest> requests_;
    std::map<int, int> fds_; // of the open connections, by number
    int accepted_ = 0;
    int handshaken_ = 0;
    int resumed_ = 0;
    int open_ = 0;
    std::shared_ptr<SSL_CTX> context_;

    const Options options_;
    const Listener listener_;
    const int stop_;
    std::thread acceptor_;
};

HttpTestServer::HttpTestServer(Handler handler) : HttpTestServer(std::move(handler), Options{}) {}

HttpTestServer::HttpTestServer(Handler handler, Options options)
    : state_(std::make_unique<State>(std::move(handler), std::move(options))) {}

HttpTestServer::~HttpTestServer() = default;

std::string HttpTestServer::port() const { return state_->listener_.port; }

void HttpTestServer::set_handler(Handler handler) {
    const std::lock_guard lock(state_->mutex_);
    state_->handler_ = std::move(handler);
}

void HttpTestServer::set_identity(const PkiIdentity& identity) {
    ServerTls tls = *state_->options_.tls;
    tls.identity = identity;
    set_tls(tls);
}

void HttpTestServer::set_tls(const ServerTls& tls) {
    const std::lock_guard lock(state_->mutex_);
    state_->context_ = make_context(tls);
}

void HttpTestServer::end_connections(Ending how) { state_->end_connections(how); }

int HttpTestServer::connections() const {
    const std::lock_guard lock(state_->mutex_);
    return state_->accepted_;
}

int HttpTestServer::handshakes() const {
    const std::lock_guard lock(state_->mutex_);
    return state_->handshaken_;
}

int HttpTestServer::resumed() const {
    const std::lock_guard lock(state_->mutex_);
    return state_->resumed_;
}

int HttpTestServer::open_connections() const {
    const std::lock_guard lock(state_->mutex_);
    return state_->open_;
}

std::vector<ServedRequest> HttpTestServer::requests() const {
    const std::lock_guard lock(state_->mutex_);
    return state_->requests_;
}

// A backlog of 0 takes one connection; the kernel drops the attempts that follow.
BlackHole::BlackHole() {
    const Listener made = listen_on("127.0.0.1", "0", 0);
    listener_ = made.fd;
    port_ = made.port;
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICHOST;
    addrinfo* found = nullptr;
    ::getaddrinfo("127.0.0.1", port_.c_str(), &wanted, &found);
    for (int i = 0; i < 4; ++i) {
        fillers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        [[maybe_unused]] const int pending =
            ::connect(fillers_.back(), found->ai_addr, found->ai_addrlen);
    }
    ::freeaddrinfo(found);
}

BlackHole::~BlackHole() {
    for (const int fd : fillers_) {
        ::close(fd);
    }
    ::close(listener_);
}

std::string unused_port(const std::string& address) {
    const Listener made = listen_on(address, "0", 1);
    ::close(made.fd);
    return made.port;
}

} // namespace le_run::test
