#include "kubernetes/authentication.h"

#include "kubernetes/pem.h"
#include "kubernetes/user.h"
#include "net/http_headers.h"

namespace le_run::kubernetes {

Authentication::Authentication(boost::asio::io_context& loop, const ClusterConfig& config,
                               std::function<void(const std::string&)> warn)
    : source_(config.source), headers_(config.headers), token_(config.token, Clock::now()),
      files_(config.tls_files, config.endpoint.tls_config), used_tls_(config.endpoint.tls_config),
      warn_(std::move(warn)) {
    if (config.plugin) {
        plugin_ = std::make_unique<PluginCredentials>(loop, *config.plugin, warn_);
    }
}

void Authentication::async_get(Clock::time_point deadline, Handler handler) {
    if (!plugin_ || !plugin_->is_awaited()) {
        handler(present());
        return;
    }
    // A refused credential may still be good: the refusal may be a temporary fault of the server.
    const auto now = Clock::now();
    const auto until = plugin_->current() == nullptr ? deadline : now + (deadline - now) / 2;
    plugin_->async_wait(until, [this, handler = std::move(handler)] {
        if (plugin_->current() != nullptr) {
            handler(present());
        } else {
            handler(plugin_->why_none());
        }
    });
}

Authentication::Present Authentication::present() {
    Present now;
    now.headers = headers_;
    std::string token = token_.current(Clock::now());
    files_.look();
    warn(token_.problem(), has_warned_of_token_);
    warn(files_.problem(), has_warned_of_files_);
    net::TlsConfig tls = files_.config();
    if (plugin_) {
        const PluginCredential& given = *plugin_->current();
        token = given.token;
        now.generation = plugin_->generation();
        tls.client_certificate_pem = given.certificate_pem;
        tls.client_key_pem = given.key_pem;
    }
    if (!token.empty()) {
        now.headers.emplace_back("Authorization", "Bearer " + token);
    }
    given_token_ = std::move(token);
    if (tls != used_tls_) {
        now.tls = used_tls_ = std::move(tls);
    }
    return now;
}

void Authentication::warn(const std::optional<std::string>& problem, bool& has_warned) const {
    if (problem && !has_warned && warn_) {
        warn_(*problem + "; the old one stays in use until this is corrected");
    }
    has_warned = problem.has_value();
}

bool Authentication::refused(unsigned generation) {
    return plugin_ ? plugin_->refused(generation) : token_.read_again(Clock::now());
}

std::string Authentication::user() const {
    for (const auto& [name, value] : headers_) {
        if (name == "Impersonate-User") {
            return value;
        }
    }
    return user_of(given_token_, used_tls_.client_certificate_pem);
}

Refused Authentication::describe(net::WallSeconds now) const {
    return {source_, problem(), expired(now), {}};
}

std::string Authentication::without_secrets(std::string text) const {
    std::vector<std::string> secrets{given_token_};
    for (const auto& [name, value] : headers_) {
        if (name == "Authorization") {
            secrets.push_back(value.substr(value.find(' ') + 1));
        }
    }
    return without_words(std::move(text), secrets);
}

std::string Authentication::problem() const {
    if (plugin_ && plugin_->problem()) {
        return *plugin_->problem();
    }
    return token_.problem().value_or(files_.problem().value_or(""));
}

std::string Authentication::expired(net::WallSeconds now) const {
    const auto claims = read_claims(given_token_);
    if (claims && claims->expires && *claims->expires <= now) {
        return "the token expired on " + net::text_of(*claims->expires);
    }
    const auto end = end_of_certificate(used_tls_.client_certificate_pem);
    if (end && *end <= now) {
        return "the client certificate expired on " +
               net::text_of(std::chrono::floor<std::chrono::seconds>(*end));
    }
    return {};
}

} // namespace le_run::kubernetes
