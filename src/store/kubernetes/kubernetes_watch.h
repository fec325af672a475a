// The watch on one Lease: a stream of events from the API server, for as long as the store lives.
//
// - A new connection resumes at the last version (resourceVersion; bookmarks move it on), so that
//   nothing is missed in between. If the server has forgotten that version (410), the watch reads
//   the Lease and goes on from there. Only if nothing was written since then, it begins without a
//   version, and says that it is not seamless: servers on an old etcd answer such a version with an
//   error.
// - After a failure, the watch works again when an event or a bookmark has come. A 200 and an open
//   stream prove nothing. After an event that cannot be read, the connection is not trusted.
// - A version that a request has shown must come as an event within kToTell. If it does not, or if
//   versions go back (a restored etcd: the server then tells nothing until they have grown again),
//   the watch begins again from that version. The old stream ends by itself.
// - Each connection ends by itself after five to ten minutes (the server's timeoutSeconds), and the
//   next one begins at once. A silent one is given up after kSilence, because an API server sends a
//   bookmark every minute.
// - A connection that worked and broke is tried again at once (or after kShortestPause, if it
//   lasted shorter). After that the pauses double, up to kLongestPause. They are jittered, so that
//   the candidates of a restarted server do not all come at the same time. A denied watch is tried
//   again too, with longer pauses in the end: a server that has just started denies what it grants
//   later.
//
// Threads: the loop's.
#pragma once

#include <memory>
#include <random>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "store/kubernetes/lease_api.h"
#include "store/kubernetes/watch_event.h"
#include "store/lease_store.h"

namespace le_run::kubernetes_store {

class KubernetesWatch {
public:
    static constexpr Duration kSilence = std::chrono::seconds(90);
    static constexpr Duration kToTell = std::chrono::seconds(3);
    static constexpr Duration kShortestPause = std::chrono::milliseconds(500);
    static constexpr Duration kLongestPause = std::chrono::seconds(30);
    static constexpr Duration kLongestPauseWhenDenied = std::chrono::minutes(10);

    // `api` must outlive this object. Its transport must not outlive the loop.
    KubernetesWatch(boost::asio::io_context& loop, LeaseApi& api)
        : api_(api), timer_(loop), overdue_(loop), random_(std::random_device{}()) {}

    void begin(store::LeaseStore::WatchHandler handler);
    // The newest version of the Lease that was watched, read or written.
    const std::string& newest() const { return newest_; }
    // The store has read or written this version. `newest_before`: newest() before that request. A
    // watch that has not begun yet begins there. Older versions are not told any more.
    void seen(const election::Version& version, const std::string& newest_before);

private:
    enum class State { kIdle, kConnecting, kOpen };
    enum class Told { kNothing, kWorks, kFails };

    void connect();
    void connect_after(Duration pause);
    void read_first();
    void opened();
    void works();
    void forgotten();
    void begin_anew(const std::string& why);
    void received(const std::string& bytes);
    void on_line(const std::string& line);
    void on_event(WatchEvent event);
    void distrust(const std::string& why);
    void ended(const net::HttpResult& result);
    void try_again(const std::string& why, Duration longest_pause = kLongestPause);
    void tell_failing(const std::string& why);
    double jitter(double low, double high) {
        return std::uniform_real_distribution<double>(low, high)(random_);
    }

    LeaseApi& api_;
    boost::asio::steady_timer timer_;                        // for the next try
    boost::asio::steady_timer overdue_;                      // for `expected_`
    std::shared_ptr<char> alive_ = std::make_shared<char>(); // handlers ask if this still lives
    store::LeaseStore::WatchHandler handler_;
    std::minstd_rand random_;
    State state_ = State::kIdle;
    Told told_ = Told::kNothing;
    unsigned connection_ = 0;  // events of an earlier connection do not count
    std::string version_;      // of the last event; empty: begin with the present state
    std::string newest_;       // the newest version that was watched, read or written
    std::string expected_;     // a request has shown it, no event yet; empty: none
    std::string forgotten_;    // the server has forgotten it and all before; empty: none
    bool must_read_ = false;   // read the Lease before the next connection
    bool is_seamless_ = false; // this connection began with a version
    bool is_unproven_ = false; // the first event will prove that the watch works again
    bool is_silent_ = false;   // this connection has had no event yet
    LineSplitter lines_;       // of this connection
    LeaseApi::Steady::time_point opened_at_{};
    Duration pause_{};         // before the next try; zero: the last connection worked
    bool is_token_new_ = true; // true: after a 401, do not read the token again
};

} // namespace le_run::kubernetes_store
