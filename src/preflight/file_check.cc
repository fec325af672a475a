#include <filesystem>

#include <sys/statvfs.h>

#include "preflight/parts.h"
#include "store/lease_store.h"

namespace le_run {

void check_file(const Options& options, const FileLock& lock, Findings& findings) {
    boost::asio::io_context loop{1};
    std::unique_ptr<LeaseStore> store;
    try {
        store = make_file_store(loop, lock.path);
    } catch (const StoreConfigError& error) {
        findings.bad("file", error.what());
        findings.not_tried("lease", "the file");
        return;
    }
    const std::string folder = std::filesystem::path(lock.path).parent_path();
    findings.good("file", folder + " is local and can be written");
    store->async_read(options.election.timing.request_timeout(), [&](const ReadOutcome& read) {
        struct statvfs space {};
        if (std::holds_alternative<Absent>(read) && ::statvfs(folder.c_str(), &space) == 0 &&
            space.f_bavail == 0) {
            findings.bad("disk", folder + " has no free space, so a lock file cannot be created: "
                                          "make room, or name another folder");
        }
        check_record(options, read, findings);
        loop.stop();
    });
    loop.run();
}

} // namespace le_run
