#include "guard/channel.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <type_traits>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace le_run::guard {
namespace {

// On the wire: the index of the alternative, then its bytes. Both ends are the same binary, so the
// layout does not matter. is_valid checks the values that arithmetic, kill(2) and the loop over the
// environment rely on.
using Tag = std::uint64_t;

constexpr Duration kMost = std::chrono::hours(24 * 365 * 110); // far_future() plus a few years

bool is_sane(TimePoint t) {
    const auto in_range = [](Duration d) { return d >= -kMost && d <= kMost; };
    return in_range(t.boot()) && in_range(t.raw());
}

bool is_signal_or_none(std::int32_t number) { return number >= 0 && number <= SIGRTMAX; }

bool is_sane(const Start& m) {
    const auto& text = m.environment;
    const bool ended = text[text.size() - 1] == '\0' && text[text.size() - 2] == '\0';
    return is_sane(m.term_at) && is_sane(m.kill_at) && ended && m.foreground <= 1;
}
bool is_sane(const Until& m) { return is_sane(m.term_at) && is_sane(m.kill_at); }
bool is_sane(const Stop& m) { return is_sane(m.kill_at) && is_signal_or_none(m.signal); }
bool is_sane(const Signal& m) { return is_signal_or_none(m.number); }
bool is_sane(const Ping&) { return true; }
bool is_sane(const Settled&) { return true; }
bool is_sane(const Started&) { return true; }
bool is_sane(const Failed&) { return true; }
bool is_sane(const Ended&) { return true; }
bool is_sane(const Gone& m) { return m.cause <= EndCause::kNotStarted; }
bool is_sane(const Late& m) { return m.nanoseconds >= 0 && Duration(m.nanoseconds) <= kMost; }
bool is_sane(const TreeSize& m) {
    // le-run calculates with this value.
    return m.kill_nanoseconds >= 0 && Duration(m.kill_nanoseconds) <= std::chrono::hours(1);
}
bool is_sane(const Pong& m) { return m.is_killing <= 1; }

template <class Message>
struct Datagram;
template <class... Kinds>
struct Datagram<std::variant<Kinds...>> {
    static_assert((std::is_trivially_copyable_v<Kinds> && ...));
    static constexpr std::size_t kBiggest = sizeof(Tag) + std::max({sizeof(Kinds)...});

    // Whether the bytes are exactly one message; if so, *message holds it.
    static bool decode(const char* bytes, std::size_t size, std::variant<Kinds...>* message) {
        Tag tag = 0;
        if (size < sizeof tag) {
            return false;
        }
        std::memcpy(&tag, bytes, sizeof tag);
        Tag index = 0;
        bool decoded = false;
        (void)((index++ == tag && ((decoded = decode_as<Kinds>(bytes, size, message)), true)) ||
               ...);
        return decoded;
    }

private:
    template <class Kind>
    static bool decode_as(const char* bytes, std::size_t size, std::variant<Kinds...>* message) {
        if (size != sizeof(Tag) + sizeof(Kind)) {
            return false;
        }
        Kind kind;
        std::memcpy(static_cast<void*>(&kind), bytes + sizeof(Tag), sizeof kind);
        if (!is_sane(kind)) {
            return false;
        }
        *message = kind;
        return true;
    }
};

} // namespace

template <class Outgoing, class Incoming>
Channel<Outgoing, Incoming>::~Channel() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

template <class Outgoing, class Incoming>
typename Channel<Outgoing, Incoming>::Sent
Channel<Outgoing, Incoming>::try_send(const Outgoing& message) {
    return std::visit(
        [&](const auto& kind) {
            Tag tag = message.index();
            iovec parts[2] = {{&tag, sizeof tag},
                              {const_cast<void*>(static_cast<const void*>(&kind)), sizeof kind}};
            msghdr header{};
            header.msg_iov = parts;
            header.msg_iovlen = 2;
            ssize_t sent = -1;
            do {
                sent = ::sendmsg(fd_, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
            } while (sent < 0 && errno == EINTR);
            if (sent >= 0) {
                return Sent::kYes; // SOCK_SEQPACKET: all of it
            }
            switch (errno) {
            case EAGAIN:
                return Sent::kFull;
            case EPIPE:
            case ECONNRESET:
            case ENOTCONN:
            case EBADF:
                return Sent::kClosed;
            default:
                return Sent::kRefused;
            }
        },
        message);
}

template <class Outgoing, class Incoming>
bool Channel<Outgoing, Incoming>::is_half_full() const {
    int unread = 0;
    int most = 0;
    socklen_t size = sizeof most;
    return ::ioctl(fd_, SIOCOUTQ, &unread) == 0 &&
           ::getsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &most, &size) == 0 && unread > most / 2;
}

template <class Outgoing, class Incoming>
typename Channel<Outgoing, Incoming>::Receive
Channel<Outgoing, Incoming>::receive(Incoming* message) {
    char bytes[Datagram<Incoming>::kBiggest];
    for (;;) {
        const ssize_t size = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
        if (size == 0) {
            return Receive::kClosed;
        }
        if (size < 0) {
            // If the peer closed its end with unread messages, ECONNRESET comes once. The messages
            // that it sent before can still be read.
            if (errno == EINTR || errno == ECONNRESET) {
                continue;
            }
            return errno == EAGAIN ? Receive::kNothing : Receive::kClosed;
        }
        // MSG_TRUNC returns the true length, so that decode() rejects a datagram that is too long.
        if (Datagram<Incoming>::decode(bytes, static_cast<std::size_t>(size), message)) {
            return Receive::kMessage;
        }
    }
}

template class Channel<ToGuard, FromGuard>;
template class Channel<FromGuard, ToGuard>;

} // namespace le_run::guard
