#include "net/outgoing.h"

#include <cstdint>
#include <stdexcept>

#include <cpprest/producerconsumerstream.h>

#include "base/version.h"

namespace le_run::net {

namespace http = web::http;

namespace {

// If a reused connection ends without an answer, cpprest sends the request again by itself. For a
// write, that would hide the result of the first try. So the body can be read only once: the repeat
// has no body, and fails before the server can take it for a request.
concurrency::streams::istream body_for_one_try(const std::string& body) {
    concurrency::streams::producer_consumer_buffer<std::uint8_t> once;
    // Both tasks are complete when the calls return.
    once.putn_nocopy(reinterpret_cast<const std::uint8_t*>(body.data()), body.size());
    once.close(std::ios_base::out);
    return once.create_istream();
}

} // namespace

http::http_request outgoing_request(const HttpRequest& request, const std::string& base_path,
                                    const std::string& host) {
    http::http_request built(request.method);
    built.set_request_uri(web::uri(base_path + request.target));
    auto& headers = built.headers();
    if (!request.body.empty()) {
        built.set_body(body_for_one_try(request.body), request.body.size(), "application/json");
    }
    headers["Host"] = host;
    headers["User-Agent"] = std::string("le-run/") + kVersion;
    http::http_headers given;
    for (const auto& [name, value] : request.headers) {
        if ((name + value).find_first_of(std::string("\r\n\0", 3)) != std::string::npos) {
            throw std::invalid_argument("the value of header " + name + " is not one line");
        }
        // cpprest's own add() would join several values with a comma into one.
        std::string& lines = given[name];
        lines += (lines.empty() ? "" : "\r\n" + name + ": ") + value;
    }
    for (const auto& [name, lines] : given) {
        headers[name] = lines;
    }
    return built;
}

} // namespace le_run::net
