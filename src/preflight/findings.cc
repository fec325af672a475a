#include "preflight/findings.h"

#include "base/one_line.h"

namespace le_run::preflight {

void Findings::good(const std::string& subject, const std::string& text) {
    line("ok", subject, text);
}

void Findings::warning(const std::string& subject, const std::string& text) {
    line("warning", subject, text);
}

void Findings::bad(const std::string& subject, const std::string& text) {
    has_bad_ = true;
    line("FAILED", subject, text);
}

void Findings::not_tried(const std::string& subject, const std::string& needed) {
    line("not tried", subject, "it needs " + needed);
}

void Findings::line(const char* mark, const std::string& subject, const std::string& text) {
    // Names and texts of a server may contain line ends.
    std::fprintf(out_, "%-9s %-11s %s\n", mark, subject.c_str(), one_line(text).c_str());
    std::fflush(out_);
}

} // namespace le_run::preflight
