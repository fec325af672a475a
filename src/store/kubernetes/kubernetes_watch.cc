#include "store/kubernetes/kubernetes_watch.h"

#include <algorithm>
#include <utility>

#include "base/one_line.h"

namespace le_run::kubernetes_store {

using net::HttpResponse;

namespace {

constexpr Duration kTimeToRead = std::chrono::seconds(10);

// Resource versions of one resource are decimal numbers that grow (KEP-5504).
bool is_older(const std::string& version, const std::string& than) {
    return version.size() < than.size() || (version.size() == than.size() && version < than);
}

} // namespace

void KubernetesWatch::begin(store::LeaseStore::WatchHandler handler) {
    handler_ = std::move(handler);
    connect();
}

void KubernetesWatch::seen(const election::Version& version, const std::string& newest_before) {
    if (is_older(version.text, newest_before)) {
        newest_ = version_ = version.text;
        forgotten_.clear();
        if (state_ != State::kIdle) {
            begin_anew("its versions went back, as after an etcd restored from a backup");
        }
        return;
    }
    if (is_older(newest_, version.text)) {
        newest_ = version.text;
    }
    if (state_ == State::kIdle) {
        version_ = newest_;
    }
    if (state_ != State::kOpen || !expected_.empty() || !is_older(version_, newest_)) {
        return;
    }
    expected_ = newest_;
    overdue_.expires_after(kToTell);
    overdue_.async_wait([this, connection = connection_,
                         alive = std::weak_ptr<char>(alive_)](boost::system::error_code cancelled) {
        if (!cancelled && !alive.expired() && connection == connection_ && state_ == State::kOpen &&
            !expected_.empty()) {
            begin_anew("the server did not send a change of the Lease");
        }
    });
}

void KubernetesWatch::connect() {
    state_ = State::kConnecting;
    lines_ = {};
    expected_.clear();
    const unsigned connection = ++connection_;
    if (must_read_) {
        read_first();
        return;
    }
    if (version_.empty() && is_older(forgotten_, newest_)) {
        version_ = newest_;
    }
    is_seamless_ = !version_.empty();
    const Duration lifetime = std::chrono::seconds(static_cast<int>(jitter(300, 600)));
    const auto if_present = [this, connection](auto call) {
        return [this, connection, call](const auto&... what) {
            if (connection == connection_) {
                call(what...);
            }
        };
    };
    api_.async_watch(version_, lifetime, kSilence,
                     {if_present([this] { opened(); }),
                      if_present([this](const std::string& bytes) { received(bytes); }),
                      if_present([this](const net::HttpResult& result) { ended(result); })});
}

// Reads the Lease. The result counts as an event, and the stream goes on from that version.
void KubernetesWatch::read_first() {
    api_.async_send("GET", "", LeaseApi::Steady::now() + kTimeToRead, {},
                    [this, connection = connection_,
                     alive = std::weak_ptr<char>(alive_)](const net::HttpResult& result) {
                        if (alive.expired() || connection != connection_) {
                            return;
                        }
                        auto outcome = api_.read_outcome(result);
                        if (const auto* failure = std::get_if<election::Failure>(&outcome)) {
                            try_again(failure->text);
                            return;
                        }
                        must_read_ = false;
                        if (auto* found = std::get_if<election::StoredLease>(&outcome)) {
                            const std::string version = found->version.text;
                            version_ = is_older(forgotten_, version) ? version : std::string();
                            newest_ = version;
                            handler_(std::move(*found));
                        } else {
                            handler_(election::Absent{});
                        }
                        connect();
                    });
}

void KubernetesWatch::forgotten() {
    forgotten_ = std::exchange(version_, {});
    must_read_ = true;
}

// The open stream cannot be closed, so its further events are ignored.
void KubernetesWatch::begin_anew(const std::string& why) {
    state_ = State::kConnecting;
    ++connection_;
    tell_failing(api_.cannot("watch", why));
    pause_ = std::max(pause_, kShortestPause);
    connect_after(std::chrono::duration_cast<Duration>(pause_ * jitter(0.5, 1)));
    pause_ = std::min(2 * pause_, kLongestPauseWhenDenied);
}

void KubernetesWatch::connect_after(Duration pause) {
    timer_.expires_after(pause);
    timer_.async_wait(
        [this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code cancelled) {
            if (!cancelled && !alive.expired()) {
                connect();
            }
        });
}

void KubernetesWatch::opened() {
    state_ = State::kOpen;
    opened_at_ = LeaseApi::Steady::now();
    is_token_new_ = false;
    is_silent_ = true;
    is_unproven_ = told_ != Told::kWorks || !is_seamless_;
    if (is_seamless_ && told_ == Told::kNothing) {
        works();
    }
}

void KubernetesWatch::works() {
    is_unproven_ = false;
    told_ = Told::kWorks;
    handler_(election::WatchWorks{is_seamless_});
}

void KubernetesWatch::received(const std::string& bytes) {
    for (const std::string& line : lines_.add(bytes)) {
        on_line(line);
    }
    if (lines_.has_overflowed()) {
        distrust("an event is longer than any Lease");
    }
}

void KubernetesWatch::on_line(const std::string& line) {
    constexpr std::size_t kMostToQuote = 120;
    is_silent_ = false;
    auto event = parse_watch_event(line);
    if (const auto* bad = std::get_if<store::Malformed>(&event)) {
        distrust("an event cannot be read: " + bad->text + " (" + one_line(line, kMostToQuote) +
                 ")");
    } else {
        on_event(std::get<WatchEvent>(std::move(event)));
    }
}

// After this, no event of this connection can prove that the watch works.
void KubernetesWatch::distrust(const std::string& why) {
    is_unproven_ = false;
    tell_failing(api_.cannot("watch", why));
}

void KubernetesWatch::on_event(WatchEvent event) {
    if (!event.version.empty()) {
        version_ = event.version;
        pause_ = Duration::zero();
        if (!is_older(version_, expected_)) {
            expected_.clear();
        }
        if (is_unproven_) {
            works();
        }
    }
    if (!event.version.empty() && is_older(event.version, newest_)) {
        return;
    }
    if (event.type != WatchEvent::Type::kBookmark && !event.version.empty()) {
        newest_ = event.version; // not from a bookmark, which may be newer than the Lease
    }
    switch (event.type) {
    case WatchEvent::Type::kChanged: {
        auto lease = api_.stored_lease(std::move(event.lease));
        if (auto* stored = std::get_if<election::StoredLease>(&lease)) {
            handler_(std::move(*stored));
        } else {
            distrust(std::get<store::Malformed>(lease).text);
        }
        break;
    }
    case WatchEvent::Type::kDeleted:
        handler_(election::Absent{});
        break;
    case WatchEvent::Type::kBookmark:
        break;
    case WatchEvent::Type::kExpired: // the server ends the stream itself
        forgotten();
        break;
    case WatchEvent::Type::kError:
        distrust(event.text);
        break;
    }
}

void KubernetesWatch::ended(const net::HttpResult& result) {
    const bool was_open = std::exchange(state_, State::kConnecting) == State::kOpen;
    if (was_open && LeaseApi::Steady::now() - opened_at_ > kLongestPause) {
        pause_ = Duration::zero(); // the connection worked, even without an event
    }
    const auto* response = std::get_if<net::HttpResponse>(&result);
    const int status = response == nullptr ? 0 : response->status;
    if (const std::string rest = lines_.rest(); status == 200 && !rest.empty()) {
        on_line(rest);
    }
    if (status == 401 && !std::exchange(is_token_new_, true) && api_.was_watch_refused()) {
        connect();
    } else if (status == 403) {
        try_again(api_.failure_of("watch", result).text, kLongestPauseWhenDenied);
    } else if (status == 410) {
        forgotten();
        try_again("the server has forgotten the version that le-run saw last");
    } else if (status == 200) { // the connection's time was over, unless it was short
        try_again(api_.cannot("watch", is_silent_
                                           ? "it answered 200 and ended the stream without an "
                                             "event; a proxy on the way may block watches"
                                           : "it ended the stream"));
    } else {
        try_again(api_.failure_of("watch", result).text);
    }
}

void KubernetesWatch::try_again(const std::string& why, Duration longest_pause) {
    if (pause_ == Duration::zero()) {
        pause_ = kShortestPause;
        if (LeaseApi::Steady::now() - opened_at_ > kShortestPause) {
            connect();
        } else {
            connect_after(kShortestPause);
        }
        return;
    }
    tell_failing(why);
    connect_after(std::chrono::duration_cast<Duration>(pause_ * jitter(0.5, 1)));
    pause_ = std::min(2 * pause_, longest_pause);
}

void KubernetesWatch::tell_failing(const std::string& why) {
    if (std::exchange(told_, Told::kFails) != Told::kFails) {
        handler_(election::WatchFails{why});
    }
}

} // namespace le_run::kubernetes_store
