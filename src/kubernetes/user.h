// Whom the credentials speak for, as far as they say it themselves: for messages, nothing here is
// verified.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace le_run::kubernetes {

struct TokenClaims {
    std::string subject; // empty: not said
    std::optional<std::chrono::sys_seconds> expires;
    std::string pod_namespace{}, pod{}; // whose token it is; empty: no pod's
};

// Of a token that is a JSON web token, which those of service accounts and of OpenID are.
std::optional<TokenClaims> read_claims(const std::string& token);

// As the server would call us: the client certificate's common name, else the service account of
// the token. Empty: the credentials do not say it. One line.
std::string user_of(const std::string& token, const std::string& client_certificate_pem);

} // namespace le_run::kubernetes
