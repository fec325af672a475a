// What a certificate says, for messages to people.
#pragma once

#include <string>

#include <openssl/x509.h>

#include "net/http_headers.h"

namespace le_run::net {

// Why OpenSSL's verification of a server failed (`error`: X509_V_ERR_...) at `certificate`, which
// may be null, and what to change; `expected`: the name or address that it should have been made
// for; `now`: this machine's clock. One line, printable whatever the certificate holds.
std::string describe_trust_failure(int error, X509* certificate, const std::string& expected,
                                   WallSeconds now);

} // namespace le_run::net
