// le-run's own log: whole lines on standard error, as text or JSON. Writing never blocks the loop.
//
// spdlog writes the lines from its own thread, with a bounded queue. When nobody reads standard
// error, the oldest lines are dropped and counted; renewals go on.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "observe/log_choice.h"

namespace le_run::observe {

struct LogLine {
    LogLevel level = LogLevel::kInfo;
    std::string event;   // "event" of the JSON format: one word that never changes
    std::string message; // for people
    // JSON only: the values in the message, by name.
    std::vector<std::pair<std::string, std::string>> fields{};
};

class Log {
public:
    // Block every signal first: the writing thread inherits the signal mask.
    Log(LogLevel level, LogFormat format);
    ~Log();

    void write(const LogLine& line);
    // Waits until all lines are written, at most one second: a reader that hangs must not keep
    // le-run from ending.
    void flush();

private:
    struct Writer;
    LogLevel level_;
    LogFormat format_;
    std::unique_ptr<Writer> writer_;
};

// A wall-clock time as the log shows it: "2026-01-02T03:04:05.678Z".
std::string time_text(std::int64_t microseconds_since_1970);

// One line without its end, as Log writes it.
std::string render(const LogLine& line, LogFormat format, std::int64_t microseconds_since_1970);

} // namespace le_run::observe
