// The results of `le-run check`: prints one line for each, as soon as it is known.
#pragma once

#include <cstdio>
#include <string>

namespace le_run::preflight {

class Findings {
public:
    explicit Findings(std::FILE* out) : out_(out) {}

    // `subject`: what was checked, in one or two words.
    void good(const std::string& subject, const std::string& text);
    // It works, but could work better; or le-run cannot see whether it works.
    void warning(const std::string& subject, const std::string& text);
    // With this fault, no lease can be won.
    void bad(const std::string& subject, const std::string& text);
    // It was not tried, because it needs `needed`, which failed.
    void not_tried(const std::string& subject, const std::string& needed);

    bool has_bad() const { return has_bad_; }

private:
    void line(const char* mark, const std::string& subject, const std::string& text);

    std::FILE* out_;
    bool has_bad_ = false;
};

} // namespace le_run::preflight
