// What a TLS connection trusts and shows; verification as Go does it.
#pragma once

#include <optional>
#include <string>

namespace le_run::net {

struct TlsConfig {
    std::optional<std::string> ca_pem;   // trust only these; without: the system's CA store
    std::string client_certificate_pem;  // chain; empty: none
    std::string client_key_pem;
    std::string server_name;             // verify against and send as SNI instead of the host; empty: the host
};

} // namespace le_run::net
