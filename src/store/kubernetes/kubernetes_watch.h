// The watch on one Lease: a stream of events from the API server, kept up for as long as the store
// lives.
//
// - It resumes where it ended (resourceVersion, moved on by bookmarks), so that nothing is missed
//   between two connections. Where the server has forgotten that version (410) it reads the Lease
//   and goes on from there. Only where nothing was written since then does it begin without a
//   version, and says that it is not seamless: servers on an old etcd answer that with an error.
// - After a failure it is said to work again when an event or a bookmark has come: that a server
//   answers 200 and keeps the stream open proves nothing. What cannot be read ends the trust in
//   that connection.
// - What a request has shown must be told within kToTell. If it is not, or if versions go back (a
//   restored etcd: the server then tells nothing until they have grown again), the stream is left
//   to end by itself and the watch begins anew from what the request has shown.
// - Each connection ends by itself after five to ten minutes (the server's timeoutSeconds) and is
//   renewed at once; a silent one is given up after kSilence: an API server sends a bookmark every
//   minute.
// - A connection that worked and broke is tried again at once (or after kShortestPause, if it
//   was shorter than that), then after pauses that double up to
//   kLongestPause, jittered, so that the candidates of a restarted server do not come all at once.
//   So is what is forbidden, because a server that has just started denies what it grants later,
//   with longer pauses in the end.
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

    // `api` must outlive this, and its transport end no later than the loop.
    KubernetesWatch(boost::asio::io_context& loop, LeaseApi& api)
        : api_(api), timer_(loop), overdue_(loop), random_(std::random_device{}()) {}

    void begin(store::LeaseStore::WatchHandler handler);
    // The newest version of the Lease that was told, read or written.
    const std::string& newest() const { return newest_; }
    // The store has read or written this version, by a request before which newest() was
    // `newest_before`. A watch that is still to begin begins there; what is older is not told any
    // more.
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
    boost::asio::steady_timer timer_;                        // the next try
    boost::asio::steady_timer overdue_;                      // for `expected_`
    std::shared_ptr<char> alive_ = std::make_shared<char>(); // the timer's handler asks it first
    store::LeaseStore::WatchHandler handler_;
    std::minstd_rand random_;
    State state_ = State::kIdle;
    Told told_ = Told::kNothing;
    unsigned connection_ = 0;  // what an earlier one still says does not count
    std::string version_;      // of the last event; empty: begin with the present state
    std::string newest_;       // of the Lease, told, read or written
    std::string expected_;     // seen by a request and not told yet; empty: none
    std::string forgotten_;    // by the server, and all before it; empty: none
    bool must_read_ = false;   // before the next connection
    bool is_seamless_ = false; // this connection began with a version
    bool is_unproven_ = false; // an event would make this connection the first that works again
    bool is_silent_ = false;   // this connection has said nothing yet
    LineSplitter lines_;       // of this connection
    LeaseApi::Steady::time_point opened_at_{};
    Duration pause_{};         // before the next try; zero: the last connection worked
    bool is_token_new_ = true; // it need not be read again after a 401
};

} // namespace le_run::kubernetes_store
