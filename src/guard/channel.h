// What le-run and its guard say to each other: small fixed structs over one SOCK_SEQPACKET pair.
//
// Every message carries the run number of its Start; both sides drop messages of another run, so a
// Gone of run 1 that arrives during run 2 has no force. A run has exactly one Gone; Failed is
// followed by Gone. Both ends are non-blocking.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

#include "base/time_point.h"

namespace le_run::guard {

using RunNumber = std::uint64_t; // from 1; grows by one with each Start

// --- to the guard ---

// Start the child. `environment`: NUL-terminated "NAME=value" entries one after the other, ended by
// an empty one; they replace inherited entries of the same name.
struct Start {
    RunNumber run = 0;
    TimePoint term_at; // stop signal, unless extended by Until
    TimePoint kill_at; // SIGKILL to the whole tree begins, unless moved by Until
    std::array<char, 5120> environment{};
    std::uint32_t foreground =
        0; // 1: le-run's terminal, on standard input, goes to the child's group
    std::int64_t acquire_time = 0; // of the record that won the lease for this run, microseconds
};
// The child may live until these instants; they replace the earlier ones. Never cancels a stop that
// has begun.
struct Until {
    RunNumber run = 0;
    TimePoint term_at;
    TimePoint kill_at;
};
// Stop the child: `signal` now (0: none), SIGKILL at `kill_at` or at the lease's kill_at, whichever
// is earlier. A second Stop may only bring kill_at forward; its signal is passed on as well.
struct Stop {
    RunNumber run = 0;
    std::int32_t signal = 0;
    TimePoint kill_at;
};
// Pass `number` on to the child.
struct Signal {
    RunNumber run = 0;
    std::int32_t number = 0;
};
// Answered by Pong at once, or, while the guard kills, several times a second; silence tells the
// guard that le-run hangs. run 0: no run is under way.
struct Ping {
    RunNumber run = 0;
    std::uint64_t number = 0;
};
// The lease of that run, which is over, is released, lost, or will run out: le-run has seen to it,
// and nothing is left to release in its place.
struct Settled {
    RunNumber run = 0;
};

// --- from the guard ---

struct Started { // the child has been exec'ed
    RunNumber run = 0;
    std::int32_t pid = 0;
};
// Where starting the child failed; Failed carries it. kExec: errno is execve's (ENOENT, ENOTDIR:
// not found; others: not executable). kFolder: the folder that le-run was started in cannot be
// entered any more. The others: the machine refused.
enum class SpawnStage : std::int32_t { kPipe = 1, kFork = 2, kExec = 3, kFolder = 4 };
struct Failed { // the child could not be exec'ed; Gone follows
    RunNumber run = 0;
    std::int32_t stage = 0; // a SpawnStage
    std::int32_t error = 0; // errno
};
struct Ended { // the child has ended, others of its tree are left and get the stop signal
    RunNumber run = 0;
    std::int32_t wait_status = 0; // as waitpid(2) gives it
};
// Why the child ended: the first cause.
enum class EndCause : std::uint32_t {
    kByItself,   // neither le-run nor the guard had asked for it
    kStopAsked,  // after a Stop
    kDeadline,   // term_at or kill_at passed without an extension
    kLeRunLost,  // le-run died or hung
    kNotStarted, // exec failed (Failed came before), or a stop came before the child was exec'ed
};
struct Gone { // the whole tree is gone: waitid said ECHILD
    RunNumber run = 0;
    EndCause cause = EndCause::kByItself;
    std::int32_t wait_status = 0; // of the child; meaningless for kNotStarted
    std::int32_t signal_sent =
        0;                    // the last signal the child was sent in order to stop it (0: none)
    std::uint32_t killed = 0; // 1: SIGKILL was needed for the child itself
    std::uint32_t left_behind = 0; // how many other processes had to be SIGKILLed
};
// How long the guard was kept from its work, worst since the last Late; sent when it woke more than
// 100 ms late.
struct Late {
    std::int64_t nanoseconds = 0;
};
struct TreeSize { // what killing the tree would take changed notably
    RunNumber run = 0;
    std::uint32_t processes = 0;
    std::int64_t kill_nanoseconds =
        0; // from SIGKILL to an empty tree, with safety; 0: next to none
};
struct Pong {
    std::uint64_t number = 0;
    std::uint32_t is_killing = 0; // 1: SIGKILL to the whole tree has begun
};

using ToGuard = std::variant<Start, Until, Stop, Signal, Ping, Settled>;
using FromGuard = std::variant<Started, Failed, Ended, Gone, Late, Pong, TreeSize>;

// One end of the pair; owns the descriptor. Allocates nothing.
template <class Outgoing, class Incoming>
class Channel {
public:
    enum class Receive { kMessage, kNothing, kClosed };
    // kFull: the peer has left too much unread. kRefused: the kernel could not take the message now
    // (ENOBUFS, ENOMEM under a memory limit); try again later. kClosed: the peer's end is closed.
    enum class Sent { kYes, kFull, kRefused, kClosed };

    explicit Channel(int fd) : fd_(fd) {}
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel();

    int fd() const { return fd_; }
    // Sends the whole message or nothing of it.
    Sent try_send(const Outgoing& message);
    bool send(const Outgoing& message) { return try_send(message) == Sent::kYes; }
    // Whether the peer has left so much unread that only half of its buffer is free.
    bool is_half_full() const;
    // Takes one message; malformed datagrams are skipped.
    Receive receive(Incoming* message);

private:
    int fd_;
};

using LeRunEnd = Channel<ToGuard, FromGuard>;
using GuardEnd = Channel<FromGuard, ToGuard>;
extern template class Channel<ToGuard, FromGuard>;
extern template class Channel<FromGuard, ToGuard>;

} // namespace le_run::guard
