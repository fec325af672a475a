// The pending requests to one server. Decides about lookups, the next address, deadlines and the
// handlers' results. Everything here runs on the loop; a Wire sends and receives.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "net/door.h"
#include "net/http_transport.h"
#include "net/resolver.h"
#include "net/wire.h"

namespace le_run::net {

class HttpCalls : public std::enable_shared_from_this<HttpCalls> {
public:
    HttpCalls(boost::asio::io_context& loop, Endpoint endpoint, Lookup lookup);

    void open();                           // once, after construction
    void use(const TlsConfig& tls_config); // see HttpTransport::use
    void close(); // no handler is called after it; destroy the object before the loop

    // See HttpTransport::async_send and async_stream.
    void send(HttpRequest request, Duration timeout, std::function<void(HttpResult)> handler,
              Duration late);
    void stream(HttpRequest request, Duration timeout, Duration silence, HttpStream stream);

private:
    enum class Stage { kLookup, kConnecting, kWaiting, kStreaming };

    struct Call {
        explicit Call(boost::asio::io_context& loop) : deadline(loop), share(loop) {}

        HttpRequest request;
        std::function<void(HttpResult)> handler;
        std::optional<HttpStream> stream{}; // without `ended`, which is the handler
        Duration silence{0};
        Duration timeout{0};
        Duration late{0};                   // until then an answer counts
        bool is_overdue = false;            // the handler has got the timeout
        boost::asio::steady_timer deadline; // of the request
        boost::asio::steady_timer
            share; // one address's share of the time, until the request is sent to it
        Stage stage = Stage::kLookup;
        std::vector<std::string> addresses; // to try in turn
        std::size_t current = 0;
        TryNumber number = 0;       // of the current try
        bool may_send_again = true; // once, after a stale connection
        bool all_untrusted = true;  // all addresses so far were untrusted
        bool is_about_time = false; // one certificate is not valid now
        std::string failures;       // of the tried addresses
    };
    using CallNumber = std::uint64_t;

    void begin(CallNumber id, Duration timeout);
    void arm(CallNumber id, Call& call, Duration patience);
    void on_addresses(CallNumber id, const LookupAnswer& answer);
    void try_address(CallNumber id, Call& call, bool afresh);
    void on_news(TryNumber number, News news);
    void on_piece(CallNumber id, Call& call, News news);
    void on_failure(CallNumber id, Call& call, const WireFailure& failure);
    void on_share_over(CallNumber id, TryNumber number);
    void give_up_address(CallNumber id, Call& call, const std::string& why,
                         const TrustFailure& trust = {});
    void on_deadline(CallNumber id);
    void listen_on(CallNumber id, Call& call);
    void drop(CallNumber id);
    void abandon_try(Call& call);
    void finish(CallNumber id, HttpResult result);
    HttpError error(const Call& call, HttpError::Kind kind, const std::string& why) const;

    boost::asio::io_context& loop_;
    std::shared_ptr<Door> door_;
    Endpoint endpoint_;
    const std::string dialled_; // the host to connect to: the server, or its proxy
    Resolver resolver_;
    std::string problem_;                 // a fault of the configuration: no request can work
    std::unique_ptr<Wire> wire_;          // null if there is a problem_
    std::string preferred_;               // the first address to try: the last one that answered
    std::chrono::seconds clock_ahead_{0}; // of the server's clock, by the last answer with a Date
    CallNumber last_call_ = 0;
    TryNumber last_try_ = 0;
    std::map<CallNumber, Call> calls_;
    std::map<TryNumber, CallNumber> tries_; // the current tries
    std::vector<CallNumber> overdue_;       // timed out, but an answer still counts; oldest first
};

} // namespace le_run::net
