// A request in the form that cpprest sends.
#pragma once

#include <string>

#include <cpprest/http_msg.h>

#include "net/http_transport.h"

namespace le_run::net {

// `host`: what the Host header names. Throws std::invalid_argument for a header of several lines.
web::http::http_request outgoing_request(const HttpRequest& request, const std::string& base_path,
                                         const std::string& host);

} // namespace le_run::net
