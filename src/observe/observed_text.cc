#include "observe/observed_text.h"

#include <type_traits>

#include "base/duration_text.h"
#include "observe/child_text.h"
#include "process/signal_names.h"

namespace le_run::observe {
namespace {

LogLine line(const leader::LeaseWatched&, const Subject& subject) {
    return {LogLevel::kDebug, "watching", "watching " + subject.lock, {}};
}

LogLine line(const leader::ChildStarted& started, const Subject&) {
    return {LogLevel::kInfo,
            "started",
            "started the child, pid " + std::to_string(started.pid),
            {{"pid", std::to_string(started.pid)}}};
}

LogLine line(const leader::OthersLeft& left, const Subject& subject) {
    if (left.was_unasked) {
        return {LogLevel::kWarning,
                "left_behind",
                "the child exited with 0 but left processes behind, like a program that goes into "
                "the background; le-run asks them to stop now, because the work is over when the "
                "child ends. Tell the program to stay in the foreground (nginx -g 'daemon off;', "
                "httpd -DFOREGROUND, haproxy -db, or an option such as -F, -n, --foreground, "
                "--nodaemon), or let a script wait for its jobs",
                {}};
    }
    guard::Gone so_far;
    so_far.wait_status = left.wait_status;
    return {LogLevel::kInfo,
            "child_ended",
            "the child " + describe({so_far, {}}, subject.program) +
                "; le-run asks the processes that it left behind to stop",
            {}};
}

LogLine line(const leader::TreeGone& gone, const Subject& subject) {
    std::string how = "the child " + describe(gone.child, subject.program);
    if (gone.child.gone.left_behind > 0) {
        how += "; " + std::to_string(gone.child.gone.left_behind) +
               " of its descendants had to be killed";
    }
    return {LogLevel::kInfo, "tree_gone", "tree gone: " + how, {{"how", how}}};
}

LogLine line(const election::TreeMeasured& tree, const Subject&) {
    return {LogLevel::kDebug,
            "tree_size",
            "the child's tree has " + std::to_string(tree.processes) +
                " processes; killing it may take " + format_duration(tree.kappa),
            {{"processes", std::to_string(tree.processes)}}};
}

LogLine line(const leader::GuardLost& lost, const Subject&) {
    return {LogLevel::kError, "guard_lost", lost.how, {}};
}

LogLine line(const leader::TreeSwept& swept, const Subject&) {
    return {LogLevel::kInfo,
            "tree_gone",
            "tree gone: le-run killed " + std::to_string(swept.killed) + " processes itself",
            {}};
}

LogLine line(const leader::StopAsked& asked, const Subject&) {
    return {LogLevel::kInfo,
            "stop_asked",
            process::signal_name(asked.signal.number) + " from pid " +
                std::to_string(asked.signal.pid) + " asks for a stop",
            {}};
}

LogLine line(const leader::SignalUnused& unused, const Subject&) {
    const std::string name = process::signal_name(unused.signal.number);
    return {LogLevel::kWarning,
            "signal_unused",
            name + " from pid " + std::to_string(unused.signal.pid) +
                " is ignored on standby, where no child runs; if it should stop le-run (it is the "
                "STOPSIGNAL of an image), set --stop-signal " +
                name + ", or STOPSIGNAL SIGTERM in the image",
            {}};
}

} // namespace

LogLine line_for(const leader::Observed& observed, const Subject& subject, WallTime now) {
    return std::visit(
        [&]<typename Fact>(const Fact& fact) {
            if constexpr (std::is_same_v<Fact, election::Report>) {
                return line_for(fact, subject, now);
            } else {
                return line(fact, subject);
            }
        },
        observed);
}

} // namespace le_run::observe
