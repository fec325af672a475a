// Converts a request to cpprest's form.
#pragma once

#include <string>

#include <cpprest/http_msg.h>

#include "net/http_transport.h"

namespace le_run::net {

// `host`: for the Host header. Throws std::invalid_argument for a header with several lines.
web::http::http_request outgoing_request(const HttpRequest& request, const std::string& base_path,
                                         const std::string& host);

} // namespace le_run::net
