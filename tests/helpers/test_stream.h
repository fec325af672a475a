// A TCP connection of a test's server or client: plain or TLS, waits that can be broken off, and
// rude ways to end it.
#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

namespace le_run::test {

struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// One thread uses it at a time. While it waits it also watches `stop_fd`: once that is readable,
// everything fails.
class TestStream {
public:
    TestStream(int fd, int stop_fd); // owns `fd` only; -1 as `stop_fd`: none
    ~TestStream();
    TestStream(const TestStream&) = delete;
    TestStream& operator=(const TestStream&) = delete;

    // A client's connection to a port of this machine; throws std::system_error.
    static std::unique_ptr<TestStream> connect_to(const std::string& address,
                                                  const std::string& port);

    // The handshake; false when it failed.
    bool start_tls(SSL_CTX* context, bool as_server);

    // What has come, at most 16 KiB; empty: the end, an error, or stopped.
    std::string read_some();
    bool write(const std::string& data);

    // Carries bytes between the two until one of them ends.
    void carry(TestStream& other);

    // Waits until stopped, or until the peer has ended the connection.
    void hang();
    // Waits as long as nothing is asked to stop; false when stopped.
    bool pause_ms(int ms);

    void close();      // TLS closure alert and FIN
    void end_gently(); // FIN, then waits for the peer's: an RST would overtake what was sent
    void reset();      // closing it will send RST
    SSL* ssl() const { return ssl_.get(); }

private:
    bool wait_for(short events, int timeout_ms = -1);
    bool retry_after(int result);

    int fd_;
    int stop_fd_;
    bool is_reset_ = false;
    std::unique_ptr<SSL, FreeSsl> ssl_;
};

} // namespace le_run::test
