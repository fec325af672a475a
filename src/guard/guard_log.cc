#include "guard/guard_log.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log_time.h"

namespace le_run::guard {
namespace {

constexpr std::size_t kMostOfALine = 512;

double seconds_of(Duration duration) {
    return std::chrono::duration<double>(std::max(Duration::zero(), duration)).count();
}

} // namespace

GuardLog::GuardLog(LogForm form, pid_t le_run) : form_(form), le_run_(le_run) {
    struct stat status{};
    if (::fstat(STDERR_FILENO, &status) != 0) {
        form_ = LogForm::kNone; // closed
    }
    kind_ = status.st_mode & S_IFMT;
    if (kind_ == S_IFIFO && ::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0) {
        form_ = LogForm::kNone;
    }
}

GuardLog::~GuardLog() {
    ::close(pipe_[0]);
    ::close(pipe_[1]);
}

void GuardLog::le_run_is_silent(Duration silence, Tree tree, Duration kill_in) {
    char what[128];
    std::snprintf(what, sizeof what, "%s",
                  tree == Tree::kGone ? "ended the child and all its processes"
                                      : "sent SIGKILL to the child and all its processes");
    if (tree == Tree::kAsked) {
        std::snprintf(what, sizeof what,
                      "asked the child to stop, with SIGKILL to all its processes in %.1fs",
                      seconds_of(kill_in));
    }
    char message[kMostOfALine];
    std::snprintf(message, sizeof message,
                  "le-run (pid %d) has said nothing for %.1fs, so its lease was not renewed: the "
                  "guard has %s; le-run is ended if it stays silent after that",
                  le_run_, seconds_of(silence), what);
    write("le_run_silent", message);
}

void GuardLog::le_run_has_died(Duration kill_in) {
    char message[kMostOfALine];
    std::snprintf(message, sizeof message,
                  "le-run (pid %d) has died: the guard has asked the child to stop, with SIGKILL "
                  "to all its processes in %.1fs",
                  le_run_, seconds_of(kill_in));
    write("le_run_died", message);
}

void GuardLog::le_run_is_ended(Duration silence) {
    char message[kMostOfALine];
    std::snprintf(message, sizeof message,
                  "le-run (pid %d) has said nothing for %.1fs and runs no child: the guard ends "
                  "it, so that it can be started again",
                  le_run_, seconds_of(silence));
    write("le_run_hangs", message);
}

// The message needs no JSON escapes: all its text comes from this file.
void GuardLog::write(const char* event, const char* message) {
    if (form_ == LogForm::kNone) {
        return;
    }
    char time[kLogTimeSize];
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    write_log_time(std::chrono::duration_cast<std::chrono::microseconds>(now).count(), time);
    char line[kMostOfALine + 128];
    const int length =
        form_ == LogForm::kText
            ? std::snprintf(line, sizeof line, "%s le-run warning: %s\n", time, message)
            : std::snprintf(line, sizeof line,
                            "{\"time\":\"%s\",\"level\":\"warning\",\"event\":\"%s\","
                            "\"message\":\"%s\"}\n",
                            time, event, message);
    const auto size = static_cast<std::size_t>(length);
    if (kind_ == S_IFIFO) {
        splice_to_pipe(line, size);
    } else if (kind_ == S_IFSOCK) {
        [[maybe_unused]] const auto sent =
            ::send(STDERR_FILENO, line, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else if (kept_size_ + size <= kept_.size()) {
        std::memcpy(kept_.data() + kept_size_, line, size);
        kept_size_ += size;
    }
}

// Other processes share the pipe, so O_NONBLOCK must not be set on it. Of the calls that write to
// it, only splice(2) has a flag not to wait.
void GuardLog::splice_to_pipe(const char* line, std::size_t size) {
    if (::write(pipe_[1], line, size) != static_cast<ssize_t>(size)) {
        return;
    }
    const ssize_t moved =
        ::splice(pipe_[0], nullptr, STDERR_FILENO, nullptr, size, SPLICE_F_NONBLOCK);
    if (moved == static_cast<ssize_t>(size)) {
        return;
    }
    char dropped[kMostOfALine + 128];
    while (::read(pipe_[0], dropped, sizeof dropped) > 0) {
    }
}

void GuardLog::tree_is_gone() {
    if (kept_size_ == 0) {
        return;
    }
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kept_.data(), kept_size_);
    kept_size_ = 0;
}

} // namespace le_run::guard
