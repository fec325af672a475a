// What a certificate says, for messages to people.
#pragma once

#include <string>

#include <openssl/x509.h>

#include "net/http_failure.h"
#include "net/http_headers.h"

namespace le_run::net {

// Why OpenSSL's verification of a server failed (`error`: X509_V_ERR_...) at `certificate`, which
// may be null, and what to change; `expected`: the name or address that it should have been made
// for; `is_proxy`: it is a proxy on the way; `now`: this machine's clock. Fit for a
// line whatever the certificate holds.
TrustFailure describe_trust_failure(int error, X509* certificate, const std::string& expected,
                                    bool is_proxy, WallSeconds now);

} // namespace le_run::net
