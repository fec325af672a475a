#include "net/http_transport.h"

#include <utility>

#include "net/http_calls.h"
#include "net/wire_thread.h"

namespace le_run::net {

class HttpTransport::Impl : public HttpCalls {
public:
    using HttpCalls::HttpCalls;
};

boost::asio::io_context& HttpTransport::sole_loop() { return wire_loop(0); }

HttpTransport::HttpTransport(boost::asio::io_context& loop, Endpoint endpoint, Lookup lookup)
    : impl_(std::make_shared<Impl>(loop, std::move(endpoint), std::move(lookup))) {
    impl_->open();
}

HttpTransport::~HttpTransport() { impl_->close(); }

void HttpTransport::use(const TlsConfig& tls_config) { impl_->use(tls_config); }

void HttpTransport::async_send(HttpRequest request, Duration timeout,
                               std::function<void(HttpResult)> handler, Duration late) {
    impl_->send(std::move(request), timeout, std::move(handler), late);
}

void HttpTransport::async_stream(HttpRequest request, Duration timeout, Duration silence,
                                 HttpStream stream) {
    impl_->stream(std::move(request), timeout, silence, std::move(stream));
}

} // namespace le_run::net
