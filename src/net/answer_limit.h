// How much of an answer may come, counted below HTTP: cpprest takes in a header, or a chunk, whole,
// whatever its length.
//
// One for each of cpprest's clients, shared by its connections: with TLS whose records count
// (tls.h), without it the tunnel's bytes (tunnel.h). Sending a request begins the count anew;
// nothing that the server can bring about does.
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

    void begin() { received_ = 0; } // a request is sent
    // Bytes have come; false: too many, the connection is to be ended.
    bool receive(std::size_t count) {
        received_ += count;
        has_overflowed_ = has_overflowed_ || received_ > most_;
        return received_ <= most_;
    }
    // Of a stream: these are handed on, and held here no more.
    void release(std::size_t count) { received_ -= std::min(count, received_); }
    // Whether a connection was ended for it, since the last call.
    bool take_overflow() { return std::exchange(has_overflowed_, false); }

private:
    std::size_t most_;
    std::size_t received_ = 0;
    bool has_overflowed_ = false;
};

} // namespace le_run::net
