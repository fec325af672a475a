#include "net/http_failure.h"

#include <cerrno>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "helpers/catch.h"

using namespace le_run::test;
using le_run::net::describe;
using le_run::net::is_distrust;

namespace {

// As cpprest passes on OpenSSL's errors of a handshake.
le_run::net::WireFailure handshake_failed(int reason) {
    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, nullptr);
    le_run::net::WireFailure failure;
    failure.what = "Error in SSL handshake";
    failure.code = static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, reason));
    return failure;
}

} // namespace

TEST_CASE("what TLS 1.2 says where a client certificate is missing") {
    CHECK_THAT(describe(handshake_failed(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE)),
               contains("wants a client certificate") && !contains("sslv3"));
}

TEST_CASE("a handshake that our verification ended") {
    CHECK(is_distrust(handshake_failed(SSL_R_CERTIFICATE_VERIFY_FAILED).code));
    CHECK_FALSE(is_distrust(handshake_failed(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE).code));
    for (const int code : {0, -1, ECONNRESET, 134}) {
        CHECK_FALSE(is_distrust(code));
    }
}
