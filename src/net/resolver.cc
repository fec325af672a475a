#include "net/resolver.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <nss.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>

#include "net/address.h"
#include "net/door.h"
#include "net/signals_blocked.h"

namespace le_run::net {

namespace {

constexpr auto kFreshFor = std::chrono::minutes(1);

// A static program has the two important name service modules built in. It must load no other: the
// modules on the system belong to another libc.
void keep_lookups_inside() {
#ifdef LE_RUN_STATIC
    __nss_configure_lookup("hosts", "files dns");
#endif
}

} // namespace

LookupAnswer system_lookup(const std::string& name) {
    static std::once_flag once;
    std::call_once(once, keep_lookups_inside);
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    LookupAnswer answer;
    const int failure = getaddrinfo(name.c_str(), nullptr, &wanted, &found);
    if (failure != 0) {
        answer.problem =
            failure == EAI_SYSTEM ? std::generic_category().message(errno) : gai_strerror(failure);
        return answer;
    }
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, nullptr, 0,
                        NI_NUMERICHOST) == 0 &&
            std::find(answer.addresses.begin(), answer.addresses.end(), text) ==
                answer.addresses.end()) {
            answer.addresses.emplace_back(text);
        }
    }
    freeaddrinfo(found);
    if (answer.addresses.empty()) {
        answer.problem = "it has no address";
    }
    return answer;
}

class Resolver::State : public std::enable_shared_from_this<State> {
public:
    State(boost::asio::io_context& loop, std::string host, Lookup lookup)
        : loop_(loop), door_(std::make_shared<Door>(loop)), host_(std::move(host)),
          lookup_(std::move(lookup)) {
        if (is_ip_literal(host_)) {
            known_ = LookupAnswer{{host_}, {}};
        }
        is_literal_ = !known_.addresses.empty();
    }

    void close() {
        door_->close();
        is_closed_ = true;
    }

    void resolve(Handler handler) {
        if (known_.addresses.empty()) {
            waiting_.push_back(std::move(handler));
            refresh();
            return;
        }
        boost::asio::post(loop_,
                          [weak = weak_from_this(), handler = std::move(handler), answer = known_] {
                              if (weak.lock()) {
                                  handler(answer);
                              }
                          });
        if (std::chrono::steady_clock::now() - known_since_ > kFreshFor) {
            refresh();
        }
    }

    void refresh() {
        if (is_literal_ || looking_up_) {
            return;
        }
        looking_up_ = true;
        auto work = [door = door_, weak = weak_from_this(), host = host_, lookup = lookup_] {
            LookupAnswer answer;
            try {
                answer = lookup(host);
            } catch (const std::exception& failed) {
                answer.problem = failed.what();
            }
            door->post([weak, answer = std::move(answer)] {
                if (const auto state = weak.lock()) {
                    state->on_answer(answer);
                }
            });
        };
        try {
            const SignalsBlocked blocked;
            std::thread(std::move(work)).detach();
        } catch (const std::system_error& failed) {
            door_->post([weak = weak_from_this(), why = std::string(failed.what())] {
                if (const auto state = weak.lock()) {
                    state->on_answer({{}, "no thread for the lookup: " + why});
                }
            });
        }
    }

private:
    void on_answer(const LookupAnswer& answer) {
        looking_up_ = false;
        if (!answer.addresses.empty()) {
            known_ = answer;
            known_since_ = std::chrono::steady_clock::now();
        }
        for (const auto& handler : std::exchange(waiting_, {})) {
            if (!is_closed_) { // a handler may destroy the resolver
                handler(known_.addresses.empty() ? answer : known_);
            }
        }
    }

    boost::asio::io_context& loop_;
    std::shared_ptr<Door> door_;
    std::string host_;
    Lookup lookup_;
    bool is_literal_ = false;
    bool looking_up_ = false;
    bool is_closed_ = false;
    LookupAnswer known_;                                  // the last good answer
    std::chrono::steady_clock::time_point known_since_{}; // decides only about a new lookup
    std::vector<Handler> waiting_;
};

Resolver::Resolver(boost::asio::io_context& loop, std::string host, Lookup lookup)
    : state_(std::make_shared<State>(loop, std::move(host), std::move(lookup))) {}

Resolver::~Resolver() { state_->close(); }

void Resolver::async_resolve(Handler handler) { state_->resolve(std::move(handler)); }

void Resolver::refresh() { state_->refresh(); }

} // namespace le_run::net
