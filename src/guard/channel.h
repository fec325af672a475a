// The messages between le-run and its guard: small fixed structs over one SOCK_SEQPACKET pair.
//
// A message about a run carries the run number of its Start. Both sides drop messages about another
// run, so a Gone of run 1 that arrives during run 2 has no effect. Each run has exactly one Gone;
// Gone also follows Failed. Both ends are non-blocking.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

#include "base/time_point.h"

namespace le_run::guard {

using RunNumber = std::uint64_t; // from 1; grows by one with each Start

// --- to the guard ---

// Start the child. `environment`: NUL-terminated "NAME=value" entries, ended by an empty entry.
// They replace inherited entries of the same name.
struct Start {
    RunNumber run = 0;
    TimePoint term_at; // when the stop signal is sent, unless Until moves it
    TimePoint kill_at; // when SIGKILL to the whole tree begins, unless Until moves it
    std::array<char, 5120> environment{};
    std::uint32_t foreground =
        0;                   // 1: le-run's terminal, on standard input, goes to the child's group
    WallTime acquire_time{}; // of the record that won the lease for this run
};
// New deadlines for the child, which replace the earlier ones. Never cancels a stop that has begun.
struct Until {
    RunNumber run = 0;
    TimePoint term_at;
    TimePoint kill_at;
};
// Stop the child: send `signal` now (0: none). Send SIGKILL at `kill_at`, or at the lease's kill_at
// if that is earlier. A second Stop sends its signal too, but cannot move SIGKILL to a later time.
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
// The guard answers with Pong at once; while it kills, it answers several times a second. If no
// message comes, the guard knows that le-run hangs. run 0: there is no run.
struct Ping {
    RunNumber run = 0;
    std::uint64_t number = 0;
};
// The run is over and le-run is done with its lease: it is released, lost, or will run out. The
// guard has nothing to release in le-run's place.
struct Settled {
    RunNumber run = 0;
};

// --- from the guard ---

struct Started { // the child has been exec'ed
    RunNumber run = 0;
    std::int32_t pid = 0;
};
// The step at which starting the child failed. kExec: errno is execve's (ENOENT, ENOTDIR: not found;
// others: not executable). kFolder: le-run's start folder cannot be entered any more. Others: the
// kernel refused.
enum class SpawnStage : std::int32_t { kPipe = 1, kFork = 2, kExec = 3, kFolder = 4 };
struct Failed { // the child could not be exec'ed; Gone follows
    RunNumber run = 0;
    std::int32_t stage = 0; // a SpawnStage
    std::int32_t error = 0; // errno
};
struct Ended { // the child has ended; the rest of its tree now gets the stop signal
    RunNumber run = 0;
    std::int32_t wait_status = 0; // as waitpid(2) gives it
};
// Why the child ended. The first cause counts.
enum class EndCause : std::uint32_t {
    kByItself,   // neither le-run nor the guard had asked it to end
    kStopAsked,  // after a Stop
    kDeadline,   // term_at or kill_at passed without an extension
    kLeRunLost,  // le-run died or hung
    kNotStarted, // the exec failed (Failed came before), or a stop came before the exec
};
struct Gone { // the whole tree is gone: waitid said ECHILD
    RunNumber run = 0;
    EndCause cause = EndCause::kByItself;
    std::int32_t wait_status = 0; // of the child; meaningless for kNotStarted
    std::int32_t signal_sent =
        0;                    // the last signal the child was sent in order to stop it (0: none)
    std::uint32_t killed = 0; // 1: SIGKILL was needed for the child itself
    std::uint32_t left_behind = 0; // how many other processes SIGKILL ended
};
// The guard woke more than 100 ms late. `nanoseconds`: the longest delay since the last Late.
struct Late {
    std::int64_t nanoseconds = 0;
};
struct TreeSize { // the time that killing the tree would take has changed notably
    RunNumber run = 0;
    std::uint32_t processes = 0;
    std::int64_t kill_nanoseconds =
        0; // from SIGKILL to an empty tree, with a safety factor; 0: below 0.5 s
};
struct Pong {
    std::uint64_t number = 0;
    std::uint32_t is_killing = 0; // 1: SIGKILL to the whole tree has begun
};

using ToGuard = std::variant<Start, Until, Stop, Signal, Ping, Settled>;
using FromGuard = std::variant<Started, Failed, Ended, Gone, Late, Pong, TreeSize>;

// One end of the pair. Owns the descriptor, and allocates nothing.
template <class Outgoing, class Incoming>
class Channel {
public:
    enum class Receive { kMessage, kNothing, kClosed };
    // kFull: the peer's buffer is full. kRefused: the kernel has no memory for the message
    // (ENOBUFS, ENOMEM under a memory limit); try again later. kClosed: the peer's end is closed.
    enum class Sent { kYes, kFull, kRefused, kClosed };

    explicit Channel(int fd) : fd_(fd) {}
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel();

    int fd() const { return fd_; }
    // Sends the whole message or nothing.
    Sent try_send(const Outgoing& message);
    bool send(const Outgoing& message) { return try_send(message) == Sent::kYes; }
    // Whether half of the peer's buffer is full of unread messages.
    bool is_half_full() const;
    // Takes one message; skips malformed datagrams.
    Receive receive(Incoming* message);

private:
    int fd_;
};

using LeRunEnd = Channel<ToGuard, FromGuard>;
using GuardEnd = Channel<FromGuard, ToGuard>;
extern template class Channel<ToGuard, FromGuard>;
extern template class Channel<FromGuard, ToGuard>;

} // namespace le_run::guard
