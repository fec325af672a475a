// The server field of a kubeconfig.
#include "fuzz.h"
#include "kubernetes/server_url.h"
#include "net/address.h"

using namespace le_run;
using namespace le_run::fuzz;
using kubernetes::split_server_url;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto split = split_server_url(std::string(text_of(data, size)));
    if (const auto* error = std::get_if<kubernetes::UrlError>(&split)) {
        // Of its own words only: there may be a password in the text.
        LE_CHECK(error->text.size() < 120 && error->text.ends_with("like https://10.0.0.1:6443"));
        return 0;
    }
    const auto& endpoint = std::get<net::Endpoint>(split);
    LE_CHECK(!endpoint.host.empty() && endpoint.host.size() <= size);
    LE_CHECK(endpoint.host.find_first_of("/[]@?# ") == std::string::npos);
    LE_CHECK(!endpoint.port.empty() && endpoint.port.size() <= 5);
    const int port = std::stoi(endpoint.port);
    LE_CHECK(std::to_string(port) == endpoint.port && port >= 1 && port <= 65535);
    const std::string& path = endpoint.base_path;
    LE_CHECK(path.empty() || (path.front() == '/' && path.back() != '/'));
    LE_CHECK(path.find_first_of("?#@\"\\ ") == std::string::npos && !has_control_characters(path));
    LE_CHECK(!endpoint.tls_config.ca_pem && endpoint.tls_config.server_name.empty());

    const std::string again = (endpoint.tls ? "https://" : "http://") +
                              net::authority(endpoint.host, endpoint.port) + path;
    const auto second = split_server_url(again);
    const auto* same = std::get_if<net::Endpoint>(&second);
    LE_CHECK(same != nullptr && same->tls == endpoint.tls && same->host == endpoint.host);
    LE_CHECK(same->port == endpoint.port && same->base_path == path);
    return 0;
}
