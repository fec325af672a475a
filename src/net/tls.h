// What a TLS connection trusts and shows; verification as Go does it.
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
    std::optional<std::string> ca_pem;  // trust only these; without: the system's CA store
    bool and_system = false;            // trust the system's store too
    std::string client_certificate_pem; // chain; empty: none
    std::string client_key_pem;
    std::string server_name; // verify against and send as SNI instead of the host; empty: the host
    bool verify = true;      // false: whoever answers is taken for the server
    bool is_proxy = false;   // what is connected to is a proxy on the way: for messages

    bool operator==(const TlsConfig&) const = default;
};

// The configuration cannot work. what() is one clear line: which part, and why; no key material.
class TlsConfigError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Keeps OpenSSL from reading the configuration file that OPENSSL_CONF or the system names, and from
// parsing the system's CA bundle for every connection (43 ms of CPU each). For the latter it
// changes SSL_CERT_FILE and SSL_CERT_DIR in this process's environment, once, after having
// remembered them: first call before there are other threads that read the environment, and before
// anything else that uses OpenSSL, which reads that file as soon as it decodes a key.
// HttpTransport's constructor calls it, so a program with nothing before that need not.
void prepare_openssl();

// The client's side of the connections to one server: trust, client certificate, SNI, and the error
// of the last verification. After construction it belongs to the one thread that runs the
// connections.
//
// Go's rules: the name must be among the certificate's SANs (never the CN), an IP literal among its
// IP SANs; any given CA certificate is an anchor, self-signed or not; TLS 1.2 at least; SNI only
// for names. A connection resumes the session of one before it where the server allows that: it is
// then taken for the same server, no certificate is sent or verified again, and the handshake costs
// both sides half as much.
class TlsClient {
public:
    // `host`: name or IP literal, as the user wrote it. Throws TlsConfigError: no certificate in
    // the CA, client certificate and key that do not fit, an encrypted key.
    TlsClient(const TlsConfig& config, const std::string& host);
    ~TlsClient();

    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    // Makes the connections of `context` follow `client`, which then lives as long as the context.
    // Every record that they receive counts for `limit` (null: none), and beyond it they end.
    static void apply(const std::shared_ptr<TlsClient>& client, ssl_ctx_st* context,
                      const std::shared_ptr<AnswerLimit>& limit);

    // Of the last verification that failed, on whatever connection: see is_distrust().
    const TrustFailure& trust_failure() const;

    class State;

private:
    std::unique_ptr<State> state_;
};

} // namespace le_run::net
