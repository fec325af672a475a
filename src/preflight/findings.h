// What `le-run check` finds out: a line each, as soon as it is known.
#pragma once

#include <cstdio>
#include <string>

namespace le_run::preflight {

class Findings {
public:
    explicit Findings(std::FILE* out) : out_(out) {}

    // `subject`: what was looked at, a word or two.
    void good(const std::string& subject, const std::string& text);
    // It works, but not as well as it could, or it cannot be seen from here.
    void warning(const std::string& subject, const std::string& text);
    // No lease can be won like this.
    void bad(const std::string& subject, const std::string& text);
    // It needs what failed.
    void not_tried(const std::string& subject, const std::string& needed);

    bool has_bad() const { return has_bad_; }

private:
    void line(const char* mark, const std::string& subject, const std::string& text);

    std::FILE* out_;
    bool has_bad_ = false;
};

} // namespace le_run::preflight
