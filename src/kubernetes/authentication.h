// The credentials of each request: the Authorization header and the client certificate. Files and
// plugins may change them at any time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "kubernetes/credentials.h"
#include "kubernetes/errors.h"
#include "kubernetes/kubeconfig.h"
#include "kubernetes/plugin_credentials.h"
#include "kubernetes/tls_files.h"
#include "net/http_headers.h"

namespace le_run::kubernetes {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The loop's thread. Destroy it before the loop; then no handler is called any more.
class Authentication {
public:
    using Clock = std::chrono::steady_clock;

    struct Present {
        Headers headers; // for this request; secret
        unsigned generation = 0;
        // The TLS configuration for new connections, if it has changed.
        std::optional<net::TlsConfig> tls;
    };
    // The string says why there are no credentials yet, and names the plugin.
    using Handler = std::function<void(std::variant<Present, std::string>)>;

    Authentication(boost::asio::io_context& loop, const ClusterConfig& config,
                   std::function<void(const std::string&)> warn);

    // Calls `handler` once. If there is a credential, at once and from inside. Otherwise when the
    // plugin has given one or has failed, or at the deadline. If half of the time is over and the
    // plugin still runs, a refused credential is given again.
    void async_get(Clock::time_point deadline, Handler handler);
    // The server refused (401) the credentials of this generation. True: another try makes sense.
    bool refused(unsigned generation);
    // The server's name for the user of the last credentials; empty: the credentials do not say it.
    std::string user() const;
    // Describes the last credentials at `now`, by the server's clock. `clock` stays empty.
    Refused describe(net::WallSeconds now) const;
    // A server's text, with the last credentials blanked.
    std::string without_secrets(std::string text) const;

private:
    Present present();
    void warn(const std::optional<std::string>& problem, bool& has_warned) const;
    std::string problem() const;
    std::string expired(net::WallSeconds now) const;

    std::string source_; // for people
    Headers headers_;    // for every request
    Token token_;
    ChangingTlsFiles files_;
    std::unique_ptr<PluginCredentials> plugin_; // null: none
    std::string given_token_;                   // for the last request; secret
    net::TlsConfig used_tls_;                   // for new connections
    std::function<void(const std::string&)> warn_;
    bool has_warned_of_token_ = false; // since the token file was last good
    bool has_warned_of_files_ = false;
};

} // namespace le_run::kubernetes
