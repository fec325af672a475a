// The bearer token: a fixed one, or a file that a kubelet replaces.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/small_file.h"

namespace le_run::kubernetes {

// Where the token comes from. Both empty: no token. With both, the file wins while it can be read.
struct TokenSource {
    std::string token; // secret
    std::string file;
};

constexpr std::size_t kShortestSecret = 8; // shorter words are no secrets, but parts of sentences
constexpr const char* kBlank = "***";

// A text for people with kBlank for each of these secrets.
std::string without_words(std::string text, const std::vector<std::string>& secrets);

// Whether the text can stand in an Authorization header.
bool is_token(const std::string& text);

// The token in a file, without the blanks around it; an error's text names the file, never its
// content.
std::variant<std::string, FileError> read_token(const std::string& path);

// The present token. Not thread-safe: the loop's. Reading is a small local file, done in the call.
class Token {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds kReadEvery{60};

    // Reads the file. When that fails the fixed token serves, and the next try comes with the next
    // use.
    Token(TokenSource source, Time now);

    // The token to send, empty when there is none; re-read first when the last try is kReadEvery
    // ago. A file that is gone, empty or broken for now leaves the old token in use.
    const std::string& current(Time now);

    // Re-reads at once: the server refused the token. True when there is a file, so that another
    // try has a sense.
    bool read_again(Time now);

    // What is wrong with the file since the last try, naming it; never its content.
    const std::optional<std::string>& problem() const { return problem_; }

private:
    TokenSource source_;
    std::string token_;
    Time last_try_;
    std::optional<std::string> problem_;
};

} // namespace le_run::kubernetes
