#include "observe/log.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <nlohmann/json.hpp>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include "base/log_time.h"
#include "base/one_line.h"

namespace le_run::observe {
namespace {

constexpr std::size_t kQueuedLines = 256;
constexpr std::size_t kMostOfAText = 4000; // a server or another replica may have written the text
constexpr auto kFlushAtMost = std::chrono::seconds(1);

const char* level_name(LogLevel level) {
    switch (level) {
    case LogLevel::kDebug:
        return "debug";
    case LogLevel::kInfo:
        return "info";
    case LogLevel::kWarning:
        return "warning";
    case LogLevel::kError:
        return "error";
    }
    return "";
}

// Calls write(2) for each line, without a buffer of the C library, and counts the written lines.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    std::uint64_t written() const { return written_.load(); }

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        std::string_view rest(message.payload.data(), message.payload.size());
        while (!rest.empty()) {
            const auto n = ::write(STDERR_FILENO, rest.data(), rest.size());
            if (n < 0 && errno != EINTR) {
                break; // closed, broken, or full and non-blocking: no place is left to report it
            }
            rest.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
        }
        ++written_;
    }
    void flush_() override {}

    std::atomic<std::uint64_t> written_{0};
};

} // namespace

struct Log::Writer {
    std::shared_ptr<StderrSink> sink = std::make_shared<StderrSink>();
    std::shared_ptr<spdlog::details::thread_pool> pool =
        std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
    std::shared_ptr<spdlog::async_logger> logger = std::make_shared<spdlog::async_logger>(
        "le-run", sink, pool, spdlog::async_overflow_policy::overrun_oldest);
    std::uint64_t sent = 0;
    std::uint64_t dropped = 0; // drops that a log_dropped line has reported
};

Log::Log(LogLevel level, LogFormat format)
    : level_(level), format_(format), writer_(std::make_unique<Writer>()) {
    writer_->logger->set_level(spdlog::level::trace); // write() filters by level
}

Log::~Log() = default;

void Log::write(const LogLine& line) {
    if (line.level < level_) {
        return;
    }
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    const std::uint64_t dropped = writer_->pool->overrun_counter();
    // Reported only when the queue has room, so that the report does not push out other lines.
    if (dropped > writer_->dropped && writer_->pool->queue_size() < kQueuedLines / 2) {
        const std::string count = std::to_string(dropped - writer_->dropped);
        writer_->dropped = dropped;
        const LogLine lost{LogLevel::kWarning,
                           "log_dropped",
                           count + " log lines were dropped: standard error is not being read",
                           {}};
        writer_->logger->info("{}\n", render(lost, format_, us));
        ++writer_->sent;
    }
    writer_->logger->info("{}\n", render(line, format_, us));
    ++writer_->sent;
}

void Log::flush() {
    const auto give_up = std::chrono::steady_clock::now() + kFlushAtMost;
    while (writer_->sink->written() + writer_->pool->overrun_counter() < writer_->sent &&
           std::chrono::steady_clock::now() < give_up) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

std::string time_text(std::int64_t microseconds) {
    char text[kLogTimeSize];
    write_log_time(microseconds, text);
    return text;
}

std::string render(const LogLine& line, LogFormat format, std::int64_t microseconds) {
    const std::string message = one_line(line.message, kMostOfAText);
    if (format == LogFormat::kText) {
        return time_text(microseconds) + " le-run " + level_name(line.level) + ": " + message;
    }
    nlohmann::ordered_json object{{"time", time_text(microseconds)},
                                  {"level", level_name(line.level)},
                                  {"event", line.event},
                                  {"message", message}};
    for (const auto& [name, value] : line.fields) {
        object[name] = value.substr(0, kMostOfAText);
    }
    // Escapes everything but ASCII, because a terminal may show the line.
    return object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

} // namespace le_run::observe
