// Checks whether a certificate is for a name, by the rules of Go's crypto/x509. OpenSSL's rules
// differ: it refuses a wildcard with fewer than two dots after it ("*.internal").
#pragma once

#include <string>
#include <string_view>

#include <openssl/x509.h>

namespace le_run::net {

// Whether a DNS name in a certificate (`pattern`) matches the name of a server. A wildcard stands
// for exactly the whole first label. A text that is not a host name must be equal, except for case.
bool name_matches(std::string_view pattern, std::string_view name);

// Whether one of the certificate's DNS names matches. The common name does not count.
bool is_made_for(X509* certificate, const std::string& name);

} // namespace le_run::net
