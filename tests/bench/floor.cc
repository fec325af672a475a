#include "bench/floor.h"

#include <array>
#include <optional>
#include <stdexcept>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

namespace le_run::test {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using nlohmann::json;
using Stream = boost::beast::ssl_stream<asio::ip::tcp::socket>;
using Request = http::request<http::string_body>;

double seconds_now() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

} // namespace

struct Floor::Connections {
    explicit Connections(const Cluster& cluster)
        : port(cluster.access().port), leases("/apis/coordination.k8s.io/v1/namespaces/" +
                                              cluster.lease_namespace() + "/leases") {
        tls.load_verify_file(cluster.access().file("ca.crt"));
        tls.set_verify_mode(asio::ssl::verify_peer);
        for (Stream* stream : {&old_leader, &watcher, &*new_leader}) {
            open(*stream);
        }
        event.body_limit(boost::none);
    }

    void open(Stream& stream) {
        asio::connect(stream.next_layer(),
                      asio::ip::tcp::resolver(loop).resolve("127.0.0.1", port));
        stream.next_layer().set_option(asio::ip::tcp::no_delay(true));
        stream.handshake(asio::ssl::stream_base::client);
    }

    Request request(http::verb verb, const std::string& path, const json& body) const {
        Request result(verb, leases + path, 11);
        result.set(http::field::host, "127.0.0.1:" + port);
        result.set(http::field::authorization, std::string("Bearer ") + kReplicaToken);
        result.set(http::field::accept, "application/json");
        if (!body.is_null()) {
            result.set(http::field::content_type, "application/json");
            result.body() = body.dump();
        }
        result.prepare_payload();
        return result;
    }

    json answer(Stream& stream) {
        http::response<http::string_body> response;
        boost::beast::flat_buffer bytes;
        http::read(stream, bytes, response);
        if (response.result_int() / 100 != 2) {
            throw std::runtime_error("the floor's request failed: " + response.body());
        }
        return json::parse(response.body());
    }

    void begin_watch(const std::string& name, const std::string& version) {
        http::write(watcher,
                    request(http::verb::get,
                            "?watch=true&timeoutSeconds=3600&fieldSelector=metadata.name%3D" +
                                name + "&resourceVersion=" + version,
                            nullptr));
        http::read_header(watcher, buffer, event);
    }

    // The object of the next event.
    json next_event() {
        while (text.find('\n') == std::string::npos) {
            std::array<char, 16384> piece;
            event.get().body() = {piece.data(), piece.size(), true};
            boost::system::error_code error;
            http::read_some(watcher, buffer, event, error);
            if (error && error != http::error::need_buffer) {
                throw boost::system::system_error(error);
            }
            text.append(piece.data(), piece.size() - event.get().body().size);
        }
        const json result = json::parse(text.substr(0, text.find('\n')));
        text.erase(0, text.find('\n') + 1);
        return result.at("object");
    }

    std::string port, leases;
    asio::io_context loop;
    asio::ssl::context tls{asio::ssl::context::tls_client};
    Stream old_leader{loop, tls}, watcher{loop, tls};
    std::optional<Stream> new_leader{std::in_place, loop, tls};
    boost::beast::flat_buffer buffer;
    http::response_parser<http::buffer_body> event;
    std::string text; // of events that are not read yet
};

Floor::Floor(const ApiServerAccess& server)
    : cluster_(server), connections_(std::make_unique<Connections>(cluster_)) {
    cluster_.create_lease({{"holderIdentity", "one"},
                           {"leaseDurationSeconds", 15},
                           {"acquireTime", "2026-01-02T03:04:05.000000Z"},
                           {"renewTime", "2026-01-02T03:04:05.000000Z"},
                           {"leaseTransitions", 0}});
    lease_ = *cluster_.lease();
    connections_->begin_watch(cluster_.lease_name(), lease_["metadata"]["resourceVersion"]);
}

Floor::~Floor() = default;

double Floor::sample(Acquiring acquiring) {
    Connections& c = *connections_;
    const std::string path = "/" + cluster_.lease_name();
    json released = lease_;
    released["spec"]["holderIdentity"] = "";
    const Request release = c.request(http::verb::put, path, released);

    const double began = seconds_now();
    http::write(c.old_leader, release);
    json taken = c.next_event();
    taken["spec"]["holderIdentity"] = "other";
    if (acquiring == Acquiring::kAfresh) {
        c.open(c.new_leader.emplace(c.loop, c.tls));
    }
    http::write(*c.new_leader, c.request(http::verb::put, path, taken));
    lease_ = c.answer(*c.new_leader);
    const double ended = seconds_now();

    c.answer(c.old_leader);
    c.next_event(); // of the acquisition
    return ended - began;
}

} // namespace le_run::test
