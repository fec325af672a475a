#include "helpers/test_stream.h"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

namespace le_run::test {

TestStream::TestStream(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) {
    ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
    sigset_t broken_pipe; // OpenSSL writes without MSG_NOSIGNAL
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
}

TestStream::~TestStream() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

std::unique_ptr<TestStream> TestStream::connect_to(const std::string& address,
                                                   const std::string& port) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), port.c_str(), &wanted, &found) != 0) {
        throw std::system_error(EINVAL, std::generic_category(), address);
    }
    const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool failed = ::connect(fd, found->ai_addr, found->ai_addrlen) != 0;
    ::freeaddrinfo(found);
    auto stream = std::make_unique<TestStream>(fd, -1);
    if (failed) {
        throw std::system_error(errno, std::generic_category(), address + " " + port);
    }
    return stream;
}

bool TestStream::wait_for(short events, int timeout_ms) {
    pollfd fds[] = {{fd_, events, 0}, {stop_fd_, POLLIN, 0}};
    const int ready = ::poll(fds, 2, timeout_ms);
    return ready > 0 && fds[1].revents == 0;
}

// Whether an operation of OpenSSL that did not succeed may be tried again, after having waited.
bool TestStream::retry_after(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(POLLIN);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(POLLOUT);
    default:
        return false;
    }
}

bool TestStream::start_tls(SSL_CTX* context, bool as_server) {
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), fd_);
    for (;;) {
        ERR_clear_error();
        const int result = as_server ? SSL_accept(ssl_.get()) : SSL_connect(ssl_.get());
        if (result == 1) {
            return true;
        }
        if (!retry_after(result)) {
            return false;
        }
    }
}

std::string TestStream::read_some() {
    char block[16 * 1024];
    while (fd_ >= 0) {
        if (ssl_) {
            ERR_clear_error();
            const int got = SSL_read(ssl_.get(), block, sizeof block);
            if (got > 0) {
                return {block, static_cast<std::size_t>(got)};
            }
            if (!retry_after(got)) {
                return {};
            }
            continue;
        }
        const ssize_t got = ::recv(fd_, block, sizeof block, 0);
        if (got > 0) {
            return {block, static_cast<std::size_t>(got)};
        }
        if (got == 0 || errno != EAGAIN || !wait_for(POLLIN)) {
            return {};
        }
    }
    return {};
}

bool TestStream::write(const std::string& data) {
    std::size_t done = 0;
    while (done < data.size() && fd_ >= 0) {
        const std::size_t left = data.size() - done;
        if (ssl_) {
            ERR_clear_error();
            const int sent = SSL_write(ssl_.get(), data.data() + done, static_cast<int>(left));
            if (sent > 0) {
                done += static_cast<std::size_t>(sent);
            } else if (!retry_after(sent)) {
                return false;
            }
            continue;
        }
        const ssize_t sent = ::send(fd_, data.data() + done, left, MSG_NOSIGNAL);
        if (sent > 0) {
            done += static_cast<std::size_t>(sent);
        } else if (errno != EAGAIN || !wait_for(POLLOUT)) {
            return false;
        }
    }
    return done == data.size();
}

void TestStream::carry(TestStream& other) {
    for (;;) {
        const bool holds_some = ssl_ && SSL_pending(ssl_.get()) > 0;
        pollfd fds[] = {{fd_, POLLIN, 0}, {other.fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
        ::poll(fds, 3, holds_some ? 0 : -1);
        if (fds[2].revents != 0) {
            return;
        }
        const auto move = [](TestStream& from, TestStream& to) {
            const std::string bytes = from.read_some();
            return !bytes.empty() && to.write(bytes);
        };
        if ((holds_some || fds[0].revents != 0) && !move(*this, other)) {
            return;
        }
        if (fds[1].revents != 0 && !move(other, *this)) {
            return;
        }
    }
}

void TestStream::hang() {
    pollfd fds[] = {{fd_, POLLRDHUP, 0}, {stop_fd_, POLLIN, 0}};
    ::poll(fds, 2, -1);
}

bool TestStream::pause_ms(int ms) {
    pollfd stop = {stop_fd_, POLLIN, 0};
    return ::poll(&stop, 1, ms) == 0;
}

void TestStream::close() {
    if (fd_ < 0) {
        return;
    }
    if (ssl_ && !is_reset_) {
        SSL_shutdown(ssl_.get());
    }
    ERR_clear_error();
    ::close(fd_);
    fd_ = -1;
}

void TestStream::end_gently() {
    ::shutdown(fd_, SHUT_WR);
    char ignored[4096];
    while (wait_for(POLLIN) && ::recv(fd_, ignored, sizeof ignored, 0) > 0) {
    }
}

void TestStream::reset() {
    const linger at_once = {1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    is_reset_ = true;
}

} // namespace le_run::test
