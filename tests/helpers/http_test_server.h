// A real HTTP/1.1 server on a port that the kernel chose, which misbehaves as a test wants it to:
// see Answer.
//
// A front for another server (end-to-end tests: "answers 500 from now on") is a Handler that asks
// the other one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "helpers/test_pki.h"

namespace le_run::test {

struct ServerTls {
    PkiIdentity identity;
    std::string
        client_ca_pem{}; // not empty: asks for a client certificate, and demands one signed by this
    bool only_tls_1_1 = false; // speaks nothing newer
};

struct SocksRules {
    std::string target; // the port of 127.0.0.1 that everything goes to
    std::string user{}; // not empty: asked for
    std::string password{};
    int reply = 0; // other than 0: refuses
};

struct ServedRequest {
    std::string method; // of SOCKS: "SOCKS", and the headers hold `user` and `password`
    std::string target;
    std::map<std::string, std::string>
        headers; // names in lower case; several of one name are joined by a line end
    std::string body;
    int connection = 0;         // counted from 1
    std::string server_name;    // SNI; empty: none was sent
    std::string client_subject; // of the client certificate; empty: none was shown
};

struct Answer {
    enum class Kind {
        kWhole,     // with Content-Length
        kSilent,    // nothing, until the client goes or the server is destroyed
        kUnended,   // `body` as one chunk, and then nothing, until the server is destroyed
        kDrip,      // announces 1000 bytes, sends one every 20 ms
        kEndless,   // chunks without end
        kHugeChunk, // announces a chunk of 2 GB and sends without end
        // The same, and between its parts the client is made to send records that are no request
        // (TLS 1.3: KeyUpdate).
        kHugeChunkAndUpdates,
        kHugeLength,    // announces a body of 1 GB and sends without end
        kEndlessHeader, // a header line without end
        kHalfThenReset, // announces 1000 bytes, sends 500, RST
        kHalfThenEnd,   // announces 1000 bytes, sends 500, FIN
        kNotHttp,       // `body` alone
        kTunnel,        // as a proxy: connected, then everything to and from the port `body`
    };

    int status = 200;
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    Kind kind = Kind::kWhole;
    bool ends_connection = false; // FIN after it, without having announced it
};

// Any number of connections, each on a thread of its own; all of them end in the destructor.
class HttpTestServer {
public:
    using Handler =
        std::function<Answer(const ServedRequest&)>; // called on the connection's thread

    struct Options {
        std::optional<ServerTls> tls{};
        std::string address = "127.0.0.1";
        std::string port = "0"; // the kernel's choice
        bool accepts =
            true; // false: connections are made by the kernel, and nobody ever looks at them
        bool handshakes = true;            // false: accepts, and is silent from the start
        std::optional<SocksRules> socks{}; // speaks SOCKS 5 instead of HTTP
    };

    explicit HttpTestServer(Handler handler);         // plain HTTP on 127.0.0.1
    HttpTestServer(Handler handler, Options options); // throws std::system_error, e.g. without IPv6
    ~HttpTestServer();

    std::string port() const;
    void set_handler(Handler handler); // from the next request on

    // The server's certificate from the next connection on.
    void set_identity(const PkiIdentity& identity);
    void set_tls(const ServerTls& tls);

    // Ends all open connections, by FIN or RST. Call it when the client has its answers: an RST
    // destroys what has not been read.
    enum class Ending { kFin, kReset };
    void end_connections(Ending how);

    // So far. `handshakes`: completed ones; `resumed`: those of them that took up a session.
    int connections() const;
    int handshakes() const;
    int resumed() const;
    int open_connections() const;
    std::vector<ServedRequest> requests() const;

private:
    class State;
    std::unique_ptr<State> state_;
};

// A port of 127.0.0.1 that swallows connection attempts: neither accepted nor refused.
class BlackHole {
public:
    BlackHole();
    ~BlackHole();
    BlackHole(const BlackHole&) = delete;
    BlackHole& operator=(const BlackHole&) = delete;

    std::string port() const { return port_; }

private:
    int listener_;
    std::vector<int> fillers_;
    std::string port_;
};

// A port of `address` that was free a moment ago.
std::string unused_port(const std::string& address = "127.0.0.1");

} // namespace le_run::test
