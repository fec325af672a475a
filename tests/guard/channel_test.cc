#include "guard/channel.h"

#include <csignal>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "helpers/catch.h"

using namespace le_run;
using namespace le_run::guard;
using std::chrono::seconds;

namespace {

struct Pair {
    Pair() {
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    }
    int ends[2] = {-1, -1};
};

const TimePoint kTermAt(seconds(11), seconds(12));
const TimePoint kKillAt(seconds(13), seconds(14));

// The bytes of one datagram, taken from a true one, so that the test needs no knowledge of the
// layout.
template <class End, class Message>
std::string bytes_of(const Message& message) {
    Pair pair;
    End sender(pair.ends[0]);
    REQUIRE(sender.send(message));
    std::string bytes(10000, '\0');
    bytes.resize(static_cast<std::size_t>(::recv(pair.ends[1], bytes.data(), bytes.size(), 0)));
    ::close(pair.ends[1]);
    return bytes;
}

// Whether the guard's end takes these bytes for a message; a Ping behind them must arrive in any
// case.
bool is_taken(const std::string& bytes) {
    Pair pair;
    GuardEnd guard(pair.ends[1]);
    REQUIRE(::send(pair.ends[0], bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
    LeRunEnd le_run(pair.ends[0]);
    REQUIRE(le_run.send(Ping{0, 4711}));
    ToGuard message;
    REQUIRE(guard.receive(&message) == GuardEnd::Receive::kMessage);
    const Ping* ping = std::get_if<Ping>(&message);
    if (ping != nullptr && ping->number == 4711) {
        return false;
    }
    REQUIRE(guard.receive(&message) == GuardEnd::Receive::kMessage);
    return true;
}

} // namespace

TEST_CASE("what le-run says arrives as it was said, in order") {
    Pair pair;
    LeRunEnd le_run(pair.ends[0]);
    GuardEnd guard(pair.ends[1]);
    ToGuard message;
    CHECK(guard.receive(&message) == GuardEnd::Receive::kNothing);

    Start start{7, kTermAt, kKillAt, {}, 1, WallTime{4711}};
    std::strcpy(start.environment.data(), "A=b");
    REQUIRE(le_run.send(start));
    REQUIRE(le_run.send(Until{8, kTermAt, kKillAt}));
    REQUIRE(le_run.send(Stop{9, SIGTERM, TimePoint::far_future()}));
    REQUIRE(le_run.send(Signal{10, SIGHUP}));
    REQUIRE(le_run.send(Ping{11, 12}));
    REQUIRE(le_run.send(Settled{13}));

    REQUIRE(guard.receive(&message) == GuardEnd::Receive::kMessage);
    const auto& got = std::get<Start>(message);
    CHECK(got.run == 7);
    CHECK(got.term_at == kTermAt);
    CHECK(got.kill_at == kKillAt);
    CHECK(got.environment == start.environment);
    CHECK(got.foreground == 1);
    CHECK(got.acquire_time == WallTime{4711});
    REQUIRE(guard.receive(&message) == GuardEnd::Receive::kMessage);
    CHECK(std::get<Until>(message).kill_at == kKillAt);
    REQUIRE(guard.receive(&message) == GuardEnd::Receive::kMessage);
    CHECK(std::get<Stop>(message).signal == SIGTERM);
    CHECK(std::get<Stop>(message).kill_at == TimePoint::far_future());
    REQUIRE(guard.receive(&message) == GuardEnd::Receive::kMessage);
    CHECK(std::get<Signal>(message).number == SIGHUP);
    REQUIRE(guard.receive(&message) == GuardEnd::Receive::kMessage);
    CHECK(std::get<Ping>(message).number == 12);
    REQUIRE(guard.receive(&message) == GuardEnd::Receive::kMessage);
    CHECK(std::get<Settled>(message).run == 13);
    CHECK(guard.receive(&message) == GuardEnd::Receive::kNothing);
}

TEST_CASE("what the guard says arrives as it was said, in order") {
    Pair pair;
    LeRunEnd le_run(pair.ends[0]);
    GuardEnd guard(pair.ends[1]);
    REQUIRE(guard.send(Started{1, 2}));
    REQUIRE(guard.send(Failed{1, 3, 4}));
    REQUIRE(guard.send(Ended{1, 5}));
    REQUIRE(guard.send(Gone{1, EndCause::kNotStarted, 6, 7, 1, 8}));
    REQUIRE(guard.send(Late{9}));
    REQUIRE(guard.send(Pong{10, 1}));
    REQUIRE(guard.send(TreeSize{11, 12, 13}));
    FromGuard message;
    REQUIRE(le_run.receive(&message) == LeRunEnd::Receive::kMessage);
    CHECK(std::get<Started>(message).pid == 2);
    REQUIRE(le_run.receive(&message) == LeRunEnd::Receive::kMessage);
    CHECK(std::get<Failed>(message).error == 4);
    REQUIRE(le_run.receive(&message) == LeRunEnd::Receive::kMessage);
    CHECK(std::get<Ended>(message).wait_status == 5);
    REQUIRE(le_run.receive(&message) == LeRunEnd::Receive::kMessage);
    const auto gone = std::get<Gone>(message);
    CHECK(gone.cause == EndCause::kNotStarted);
    CHECK(gone.wait_status == 6);
    CHECK(gone.signal_sent == 7);
    CHECK(gone.killed == 1);
    CHECK(gone.left_behind == 8);
    REQUIRE(le_run.receive(&message) == LeRunEnd::Receive::kMessage);
    CHECK(std::get<Late>(message).nanoseconds == 9);
    REQUIRE(le_run.receive(&message) == LeRunEnd::Receive::kMessage);
    CHECK(std::get<Pong>(message).number == 10);
    CHECK(std::get<Pong>(message).is_killing == 1);
    REQUIRE(le_run.receive(&message) == LeRunEnd::Receive::kMessage);
    const auto size = std::get<TreeSize>(message);
    CHECK(size.run == 11);
    CHECK(size.processes == 12);
    CHECK(size.kill_nanoseconds == 13);
}

TEST_CASE(
    "a peer that is gone: sending fails without a signal, what was queued arrives, then the end") {
    Pair pair;
    GuardEnd guard(pair.ends[1]);
    {
        LeRunEnd le_run(pair.ends[0]);
        REQUIRE(le_run.send(Ping{0, 1}));
    }
    CHECK_FALSE(guard.send(Pong{1}));
    ToGuard message;
    CHECK(guard.receive(&message) == GuardEnd::Receive::kMessage);
    CHECK(guard.receive(&message) == GuardEnd::Receive::kClosed);
    CHECK(guard.receive(&message) == GuardEnd::Receive::kClosed);
}

TEST_CASE("a full buffer: sending fails at once, and works again when the peer has read") {
    Pair pair;
    LeRunEnd le_run(pair.ends[0]);
    GuardEnd guard(pair.ends[1]);
    int sent = 0;
    CHECK_FALSE(guard.is_half_full());
    while (guard.send(Gone{}) && sent < 1'000'000) {
        ++sent;
    }
    CHECK(guard.is_half_full());
    CHECK(sent > 100);
    CHECK(sent < 1'000'000);
    FromGuard message;
    for (int i = 0; i < sent; ++i) {
        REQUIRE(le_run.receive(&message) == LeRunEnd::Receive::kMessage);
    }
    CHECK_FALSE(guard.is_half_full());
    CHECK(guard.send(Gone{}));
}

TEST_CASE("malformed datagrams are skipped") {
    const std::string until = bytes_of<LeRunEnd>(ToGuard(Until{1, kTermAt, kKillAt}));
    CHECK(is_taken(until));
    CHECK_FALSE(is_taken(until.substr(0, until.size() - 1)));
    CHECK_FALSE(is_taken(until + '\0'));
    CHECK_FALSE(is_taken("x"));
    CHECK_FALSE(is_taken(std::string(20000, 'x')));
    CHECK_FALSE(is_taken('\x7f' + until.substr(1)));
    // An instant with which arithmetic would overflow.
    CHECK_FALSE(is_taken(until.substr(0, until.size() - 8) + std::string(8, '\x7f')));
    CHECK_FALSE(is_taken(bytes_of<LeRunEnd>(ToGuard(Stop{1, -1, kKillAt}))));
    CHECK_FALSE(is_taken(bytes_of<LeRunEnd>(ToGuard(Signal{1, 65}))));
    // An environment without its end.
    Start start{1, kTermAt, kKillAt, {}};
    start.environment.fill('x');
    CHECK_FALSE(is_taken(bytes_of<LeRunEnd>(ToGuard(start))));
    start.environment.back() = '\0';
    CHECK_FALSE(is_taken(bytes_of<LeRunEnd>(ToGuard(start))));
}

TEST_CASE("a lateness that le-run cannot compute with is no message") {
    for (const std::int64_t nanoseconds :
         {std::numeric_limits<std::int64_t>::max(), std::int64_t{-1}}) {
        CAPTURE(nanoseconds);
        Pair pair;
        GuardEnd guard(pair.ends[0]);
        LeRunEnd le_run(pair.ends[1]);
        REQUIRE(guard.send(Late{nanoseconds}));
        REQUIRE(guard.send(Pong{4711}));
        FromGuard message;
        REQUIRE(le_run.receive(&message) == LeRunEnd::Receive::kMessage);
        CHECK(std::holds_alternative<Pong>(message));
    }
}

TEST_CASE("what a peer said before it closed its end is there, whatever it left unread") {
    Pair pair;
    auto le_run = std::make_unique<LeRunEnd>(pair.ends[0]);
    GuardEnd guard(pair.ends[1]);
    REQUIRE(guard.send(Pong{1})); // never read
    REQUIRE(le_run->send(Settled{7}));
    le_run.reset();
    ToGuard message;
    REQUIRE(guard.receive(&message) == GuardEnd::Receive::kMessage);
    CHECK(std::get<Settled>(message).run == 7);
    CHECK(guard.receive(&message) == GuardEnd::Receive::kClosed);
    CHECK(guard.try_send(Pong{2}) == GuardEnd::Sent::kClosed);
}
