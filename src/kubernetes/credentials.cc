#include "kubernetes/credentials.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <boost/algorithm/string/replace.hpp>

#include "base/small_file.h"

namespace le_run::kubernetes {
namespace {

std::string without_blanks_around(const std::string& text) {
    const char* blanks = " \t\r\n";
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

} // namespace

std::string without_words(std::string text, const std::vector<std::string>& secrets) {
    for (const std::string& secret : secrets) {
        if (secret.size() >= kShortestSecret) {
            boost::replace_all(text, secret, kBlank);
        }
    }
    return text;
}

bool is_token(const std::string& text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::variant<std::string, FileError> read_token(const std::string& path) {
    auto bytes = read_small_file(path, kMaxSecretFile, MayWait::kNo);
    if (const auto* error = std::get_if<FileError>(&bytes)) {
        return FileError{error->number, "token file " + path + " " + error->text};
    }
    std::string token = without_blanks_around(std::get<std::string>(bytes));
    if (token.empty()) {
        return FileError{0, "token file " + path + " is empty"};
    }
    if (!is_token(token)) {
        return FileError{0,
                         "token file " + path +
                             " holds something that is not a token (blanks or control characters)"};
    }
    return token;
}

Token::Token(TokenSource source, Time now)
    : source_(std::move(source)), token_(source_.token), last_try_(now) {
    read_again(now);
}

const std::string& Token::current(Time now) {
    if (problem_ || now - last_try_ >= kReadEvery) {
        read_again(now);
    }
    return token_;
}

bool Token::read_again(Time now) {
    if (source_.file.empty()) {
        return false;
    }
    last_try_ = now;
    auto read = read_token(source_.file);
    if (const auto* error = std::get_if<FileError>(&read)) {
        problem_ = error->text;
        return true;
    }
    token_ = std::get<std::string>(std::move(read));
    problem_.reset();
    return true;
}

} // namespace le_run::kubernetes
