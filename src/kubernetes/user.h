// The user's name in the credentials, for messages. Nothing here is verified.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace le_run::kubernetes {

struct TokenClaims {
    std::string subject; // empty: the token has none
    std::optional<std::chrono::sys_seconds> expires;
    std::string pod_namespace{}, pod{}; // the pod of the token; empty: it is not a pod's
};

// The claims of a JSON web token. Tokens of service accounts and of OpenID are JSON web tokens.
std::optional<TokenClaims> read_claims(const std::string& token);

// The server's name for us: the client certificate's common name, otherwise the token's service
// account. Empty: the credentials do not say it. One line.
std::string user_of(const std::string& token, const std::string& client_certificate_pem);

} // namespace le_run::kubernetes
