// As whom requests come: the Authorization header and the client certificate, from files and
// plugins that change them.
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

// The loop's thread; to be destroyed before the loop, no handler is called afterwards.
class Authentication {
public:
    using Clock = std::chrono::steady_clock;

    struct Present {
        Headers headers; // for this request; secret
        unsigned generation = 0;
        // What connections from now on are to be made with, when that is new.
        std::optional<net::TlsConfig> tls;
    };
    // Or why there is nothing to authenticate with yet, naming the plugin.
    using Handler = std::function<void(std::variant<Present, std::string>)>;

    Authentication(boost::asio::io_context& loop, const ClusterConfig& config,
                   std::function<void(const std::string&)> warn);

    // Calls `handler` once: at once, from inside, when there is a credential; else when the plugin
    // has given one, or failed, or at the deadline. A credential that was refused is given again
    // when half of the time is over and the plugin still runs.
    void async_get(Clock::time_point deadline, Handler handler);
    // The server refused (401) what was given with this generation: whether another try has a
    // sense.
    bool refused(unsigned generation);
    // As the server would call whom we gave last; empty: the credentials do not say it.
    std::string user() const;
    // Of the credentials given last, at `now` by the server's clock. What it says of the clocks is
    // empty.
    Refused describe(net::WallSeconds now) const;
    // What a server said, without the credentials given last.
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
    std::string given_token_;                   // with the last request; secret
    net::TlsConfig used_tls_;                   // by connections from now on
    std::function<void(const std::string&)> warn_;
    bool has_warned_of_token_ = false; // since it was good
    bool has_warned_of_files_ = false;
};

} // namespace le_run::kubernetes
