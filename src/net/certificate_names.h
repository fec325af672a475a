// Whether a certificate is made for a name, by the rules of Go's crypto/x509. OpenSSL's own differ:
// it does not take a wildcard with fewer than two dots after it ("*.internal").
#pragma once

#include <string>
#include <string_view>

#include <openssl/x509.h>

namespace le_run::net {

// A DNS name of a certificate (`pattern`) and the name that a server goes by. A wildcard stands for
// exactly the first label, whole; anything that is no host name must be the same but for its case.
bool name_matches(std::string_view pattern, std::string_view name);

// Whether one of the certificate's DNS names matches; the common name does not count.
bool is_made_for(X509* certificate, const std::string& name);

} // namespace le_run::net
