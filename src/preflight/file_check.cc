#include <filesystem>

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/config_error.h"
#include "preflight/check_steps.h"
#include "store/file/file_owner.h"
#include "store/file/file_store.h"
#include "store/file/lease_file.h"

namespace le_run::preflight {
namespace {

// Version 0.1.0 let everybody read the file; so other users may lock it.
void check_locks(const std::string& path, Findings& findings) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        return; // a run creates it
    }
    if (file_store::is_readable_by_others(status)) {
        findings.warning("locks", "other users may read " + path +
                                      ", so they can keep every candidate from writing it; a run "
                                      "gives it the mode 0600");
    }
    if (const auto failure = file_store::LeaseFile(path).try_locks()) {
        findings.bad("locks", failure->text);
    }
}

} // namespace

void check_file(const options::Options& options, const file_store::FileLock& lock,
                Findings& findings) {
    boost::asio::io_context loop{1};
    std::unique_ptr<store::LeaseStore> store;
    try {
        store = file_store::make_file_store(loop, lock.path);
    } catch (const ConfigError& error) {
        findings.bad("file", error.what());
        findings.not_tried("lease", "the file");
        return;
    }
    const std::string folder = std::filesystem::path(lock.path).parent_path();
    findings.good("file", folder + " is local, can be written, and is safe from other users");
    check_locks(lock.path, findings);
    const auto read = [&] {
        election::ReadOutcome outcome;
        loop.restart();
        store->async_read(options.election.timing.request_timeout(),
                          [&](election::ReadOutcome seen) {
                              outcome = std::move(seen);
                              loop.stop();
                          });
        loop.run();
        return outcome;
    };
    const election::ReadOutcome first = read();
    struct statvfs space{};
    if (std::holds_alternative<election::Absent>(first) && ::statvfs(folder.c_str(), &space) == 0 &&
        space.f_bavail == 0) {
        findings.bad("disk", folder + " has no free space, so a lock file cannot be created: "
                                      "make room, or name another folder");
    }
    check_record(options, first, findings);
    check_renewal(options, first, read, findings);
}

} // namespace le_run::preflight
