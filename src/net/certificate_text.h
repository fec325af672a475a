// Texts about certificates, for people.
#pragma once

#include <string>

#include <openssl/x509.h>

#include "net/http_failure.h"
#include "net/http_headers.h"

namespace le_run::net {

// Why OpenSSL's verification of a server failed at `certificate`, and what to change. `error`:
// X509_V_ERR_...; `certificate` may be null; `expected`: the name or address that it should be for;
// `is_proxy`: it is a proxy's; `now`: this machine's clock. The text is one line, whatever the
// certificate contains.
TrustFailure describe_trust_failure(int error, X509* certificate, const std::string& expected,
                                    bool is_proxy, WallSeconds now);

} // namespace le_run::net
