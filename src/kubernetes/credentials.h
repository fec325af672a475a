// The bearer token: a fixed one, or one in a file that a kubelet replaces.
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

constexpr std::size_t kShortestSecret = 8; // shorter words are parts of sentences, not secrets
constexpr const char* kBlank = "***";

// Replaces each of these secrets in a text by kBlank.
std::string without_words(std::string text, const std::vector<std::string>& secrets);

// Whether the text can stand in an Authorization header.
bool is_token(const std::string& text);

// The token in a file, without blanks around it. An error names the file, and never quotes it.
std::variant<std::string, FileError> read_token(const std::string& path);

// The current token. The loop's thread only. Calls read a small local file themselves.
class Token {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds kReadEvery{60};

    // Reads the file. If that fails, the fixed token is used, and the next use tries again.
    Token(TokenSource source, Time now);

    // The token to send; empty: there is none. Reads the file again if the last try is kReadEvery
    // ago. While the file is missing, empty or broken, the old token stays in use.
    const std::string& current(Time now);

    // Reads the file at once, because the server refused the token. True: there is a file, so
    // another try makes sense.
    bool read_again(Time now);

    // What was wrong with the file at the last try. Names the file, and never quotes it.
    const std::optional<std::string>& problem() const { return problem_; }

private:
    TokenSource source_;
    std::string token_;
    Time last_try_;
    std::optional<std::string> problem_;
};

} // namespace le_run::kubernetes
