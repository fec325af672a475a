// Limits the size of an answer. It counts below HTTP, because cpprest reads a whole header or chunk
// of any length.
//
// Each of cpprest's clients has one limit for all its connections. It counts the bytes of TLS
// records (tls.h), or without TLS the bytes in the tunnel (tunnel.h). Only sending a request resets
// the count; nothing that the server does resets it.
//
// Threads: cpprest's only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace le_run::net {

class AnswerLimit {
public:
    explicit AnswerLimit(std::size_t most) : most_(most) {}

    void begin() { received_ = 0; } // call it when a request is sent
    // Counts received bytes. False: too many, so end the connection.
    bool receive(std::size_t count) {
        received_ += count;
        has_overflowed_ = has_overflowed_ || received_ > most_;
        return received_ <= most_;
    }
    // Bytes of a stream were handed on and need no memory any more.
    void release(std::size_t count) { received_ -= std::min(count, received_); }
    // Whether the limit was exceeded since the last call.
    bool take_overflow() { return std::exchange(has_overflowed_, false); }

private:
    std::size_t most_;
    std::size_t received_ = 0;
    bool has_overflowed_ = false;
};

} // namespace le_run::net
