// One datagram at either end of the guard's channel, through a real socket pair.
#include <csignal>

#include <sys/socket.h>

#include "fuzz.h"
#include "guard/channel.h"

using namespace le_run;
using namespace le_run::guard;
using namespace le_run::fuzz;

namespace {

void check(TimePoint time) {
    constexpr Duration kMost = std::chrono::hours(24 * 365 * 111);
    LE_CHECK(std::max(time.boot(), time.raw()) < kMost);
    LE_CHECK(std::min(time.boot(), time.raw()) > -kMost);
}
void check_signal(std::int32_t number) { LE_CHECK(number >= 0 && number <= SIGRTMAX); }

void check(const Start& m) {
    check(m.term_at);
    check(m.kill_at);
    // As guard/spawn.cc walks it.
    const char* at = m.environment.data();
    const char* const end = at + m.environment.size();
    while (at < end && *at != '\0') {
        at += std::string_view(at).size() + 1;
    }
    LE_CHECK(at < end);
}
void check(const Until& m) {
    check(m.term_at);
    check(m.kill_at);
}
void check(const Stop& m) {
    check(m.kill_at);
    check_signal(m.signal);
}
void check(const Signal& m) { check_signal(m.number); }
void check(const Gone& m) { LE_CHECK(m.cause <= EndCause::kNotStarted); }
// le-run computes with it: twice the worst must be a Duration.
void check(const Late& m) {
    LE_CHECK(m.nanoseconds >= 0 && Duration(m.nanoseconds) <= std::chrono::hours(24 * 365 * 111));
}
void check(const Ping&) {}
void check(const Settled&) {}
void check(const Pong& m) { LE_CHECK(m.is_killing <= 1); }
// le-run computes with it.
void check(const TreeSize& m) {
    LE_CHECK(m.kill_nanoseconds >= 0 && Duration(m.kill_nanoseconds) <= std::chrono::hours(1));
}
void check(const Started&) {}
void check(const Failed&) {}
void check(const Ended&) {}

// `sound`, sent after the bytes, must arrive whatever they were, and whole.
template <class Sender, class Receiver, class Outgoing>
void give(std::string_view bytes, const Outgoing& sound) {
    int ends[2];
    constexpr int kType = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
    LE_CHECK(::socketpair(AF_UNIX, kType, 0, ends) == 0);
    Sender sender(ends[0]);
    Receiver receiver(ends[1]);
    LE_CHECK(::send(ends[0], bytes.data(), bytes.size(), 0) == ssize_t(bytes.size()));
    LE_CHECK(sender.send(sound));

    using Receive = typename Receiver::Receive;
    std::remove_const_t<Outgoing> message;
    int taken = 0;
    while (receiver.receive(&message) == Receive::kMessage) {
        std::visit([](const auto& m) { check(m); }, message);
        ++taken;
        // Everything that is taken can be said again.
        LE_CHECK(sender.send(message) || taken > 2);
        if (taken == 2) {
            break;
        }
    }
    LE_CHECK(taken >= 1);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0; // recv(2) cannot tell it from the end
    }
    const std::string_view bytes = text_of(data, size);
    give<LeRunEnd, GuardEnd>(bytes, ToGuard(Ping{1, 2}));
    give<GuardEnd, LeRunEnd>(bytes, FromGuard(Pong{2, 0}));
    return 0;
}
