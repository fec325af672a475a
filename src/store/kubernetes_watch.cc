#include "store/kubernetes_watch.h"

#include <algorithm>
#include <utility>

namespace le_run {

using net::HttpResponse;

namespace {

// Resource versions of one resource are decimal numbers that grow (KEP-5504).
bool is_older(const std::string& version, const std::string& than) {
    return version.size() < than.size() || (version.size() == than.size() && version < than);
}

} // namespace

void KubernetesWatch::begin(LeaseStore::WatchHandler handler) {
    handler_ = std::move(handler);
    connect();
}

void KubernetesWatch::seen(const Version& version) {
    if (is_older(newest_, version.text))
        newest_ = version.text;
    if (state_ == State::kIdle)
        version_ = newest_;
}

void KubernetesWatch::connect() {
    state_ = State::kConnecting;
    lines_ = {};
    const Duration lifetime = std::chrono::seconds(static_cast<int>(jitter(300, 600)));
    api_.async_watch(version_, lifetime, kSilence,
                     {[this] { opened(); }, [this](const std::string& bytes) { received(bytes); },
                      [this](const net::HttpResult& result) { ended(result); }});
}

void KubernetesWatch::connect_after(Duration pause) {
    timer_.expires_after(pause);
    timer_.async_wait(
        [this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code cancelled) {
            if (!cancelled && !alive.expired())
                connect();
        });
}

void KubernetesWatch::opened() {
    state_ = State::kOpen;
    opened_at_ = LeaseApi::Steady::now();
    is_token_new_ = false;
    const bool is_seamless = !version_.empty();
    if (told_ != Told::kWorks || !is_seamless) {
        told_ = Told::kWorks;
        handler_(WatchWorks{is_seamless});
    }
}

void KubernetesWatch::received(const std::string& bytes) {
    for (const std::string& line : lines_.add(bytes)) {
        auto event = parse_watch_event(line);
        if (const auto* bad = std::get_if<Malformed>(&event))
            tell_failing(api_.cannot("watch", "an event cannot be read: " + bad->text));
        else
            on_event(std::get<WatchEvent>(std::move(event)));
    }
    if (lines_.has_overflowed())
        tell_failing(api_.cannot("watch", "an event is longer than any Lease"));
}

void KubernetesWatch::on_event(WatchEvent event) {
    if (!event.version.empty()) {
        version_ = event.version;
        pause_ = Duration::zero();
    }
    if (!event.version.empty() && is_older(event.version, newest_))
        return;
    switch (event.type) {
    case WatchEvent::Type::kChanged: {
        auto lease = api_.stored_lease(std::move(event.lease), std::move(event.object));
        if (auto* stored = std::get_if<StoredLease>(&lease))
            handler_(Found{std::move(*stored)});
        else
            tell_failing(api_.cannot("watch", std::get<Malformed>(lease).text));
        break;
    }
    case WatchEvent::Type::kDeleted:
        handler_(Absent{});
        break;
    case WatchEvent::Type::kBookmark:
        break;
    case WatchEvent::Type::kExpired: // the server ends the stream itself
        version_.clear();
        break;
    case WatchEvent::Type::kError:
        tell_failing(api_.cannot("watch", event.text));
        break;
    }
}

void KubernetesWatch::ended(const net::HttpResult& result) {
    const bool was_open = std::exchange(state_, State::kConnecting) == State::kOpen;
    if (was_open && LeaseApi::Steady::now() - opened_at_ > kLongestPause)
        pause_ = Duration::zero(); // it worked, even if there was nothing to tell
    const auto* response = std::get_if<HttpResponse>(&result);
    const int status = response == nullptr ? 0 : response->status;
    if (status == 401 && !std::exchange(is_token_new_, true) && api_.was_watch_refused()) {
        connect();
    } else if (status == 403) {
        try_again(api_.failure_of("watch", result).text, kLongestPauseWhenDenied);
    } else if (status == 410) {
        version_.clear();
        try_again("the server has forgotten the version that was seen last");
    } else if (status == 200 && was_open && told_ == Told::kWorks) {
        try_again("the server ended it"); // its time was over
    } else {
        try_again(api_.failure_of("watch", result).text);
    }
}

void KubernetesWatch::try_again(const std::string& why, Duration longest_pause) {
    if (pause_ == Duration::zero()) {
        pause_ = kShortestPause;
        connect();
        return;
    }
    tell_failing(why);
    connect_after(std::chrono::duration_cast<Duration>(pause_ * jitter(0.5, 1)));
    pause_ = std::min(2 * pause_, longest_pause);
}

void KubernetesWatch::tell_failing(const std::string& why) {
    if (std::exchange(told_, Told::kFails) != Told::kFails)
        handler_(WatchFails{why});
}

} // namespace le_run
