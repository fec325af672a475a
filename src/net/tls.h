// The TLS configuration of a connection, and verification by Go's rules.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "net/answer_limit.h"
#include "net/http_failure.h"

struct ssl_ctx_st; // OpenSSL's SSL_CTX

namespace le_run::net {

struct TlsConfig {
    std::optional<std::string> ca_pem;  // trust only these; none: the system's CA store
    bool and_system = false;            // trust the system's store too
    std::string client_certificate_pem; // chain; empty: none
    std::string client_key_pem;
    std::string server_name; // for verification and SNI; empty: the host
    bool verify = true;      // false: trust any server
    bool is_proxy = false;   // the connection is to a proxy; for messages

    bool operator==(const TlsConfig&) const = default;
};

// The configuration cannot work. what() is one line with the part and the reason, and without keys.
class TlsConfigError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Stops OpenSSL from reading the configuration file of OPENSSL_CONF or the system, and from parsing
// the system's CA bundle for every connection (43 ms of CPU each). For the latter, it remembers
// SSL_CERT_FILE and SSL_CERT_DIR and changes them in this process's environment, once. So call it
// before other threads read the environment, and before any other use of OpenSSL, which reads the
// configuration file when it decodes a key. HttpTransport's constructor also calls it.
void prepare_openssl();

// The client's side of the connections to one server: trust, client certificate, SNI, and the error
// of the last verification. After construction, only the thread of the connections may use it.
//
// Go's rules: a name must be in the certificate's SANs (never the CN), and an IP literal in its IP
// SANs. Any given CA certificate is an anchor, self-signed or not. TLS 1.2 at least. SNI only for
// names. If the server allows it, a connection resumes an earlier session. Then it counts as the
// same server, no certificate is sent or verified again, and the handshake costs half as much.
class TlsClient {
public:
    // `host`: name or IP literal, as the user wrote it. Throws TlsConfigError if the CA has no
    // certificate, the client certificate and key do not match, or the key is encrypted.
    TlsClient(const TlsConfig& config, const std::string& host);
    ~TlsClient();

    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    // Makes the connections of `context` use `client`, which then lives as long as the context.
    // `limit` (null: none) counts every record that they receive, and ends them if it is exceeded.
    static void apply(const std::shared_ptr<TlsClient>& client, ssl_ctx_st* context,
                      const std::shared_ptr<AnswerLimit>& limit);

    // The last failed verification, on any connection; see is_distrust().
    const TrustFailure& trust_failure() const;

    class State;

private:
    std::unique_ptr<State> state_;
};

} // namespace le_run::net
