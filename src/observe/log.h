// le-run's own log: whole lines on standard error, text or JSON, that never make the loop wait.
//
// spdlog writes them from a thread of its own with a bounded queue; when nobody reads standard
// error the oldest lines are dropped and counted, and the lease goes on.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "observe/log_choice.h"

namespace le_run::observe {

struct LogLine {
    LogLevel level = LogLevel::kInfo;
    std::string event;   // one word, stable: the "event" of the JSON format
    std::string message; // for people
    std::vector<std::pair<std::string, std::string>>
        fields{}; // JSON only: what the message says, in parts
};

class Log {
public:
    // Call it when every signal is blocked: the thread inherits that.
    Log(LogLevel level, LogFormat format);
    ~Log();

    void write(const LogLine& line);
    // Waits until everything has been written, at most a second: who does not read must not keep
    // le-run.
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
