// Other users of the machine: what they must not be able to block, forge or replace. The tests run
// as root and turn into another user in a process of their own.
#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "store/file/fence.h"
#include "store/file/file_store.h"
#include "store/file/lease_file.h"
#include "store/forked.h"

namespace le_run::test {

using namespace le_run::file_store;
namespace {

constexpr uid_t kNobody = 65534;

void must(bool good, const std::string& what) {
    if (!good) {
        throw std::runtime_error(what + ": " + std::generic_category().message(errno));
    }
}

std::string as_nobody(const InChild& run) {
    return Forked([&] {
               must(::setresgid(kNobody, kNobody, kNobody) == 0, "setresgid");
               must(::setresuid(kNobody, kNobody, kNobody) == 0, "setresuid (tests run as root)");
               return run();
           })
        .result();
}

// The error of make_file_store; empty when it works.
std::string refusal(const std::string& path) {
    boost::asio::io_context loop;
    try {
        make_file_store(loop, path);
        return {};
    } catch (const ConfigError& error) {
        return error.what();
    }
}

// What a write says: "Written", or the failure's text.
std::string write(LeaseFile& file, std::optional<std::string>& base) {
    const auto result = file.write(
        [](const std::string& token) { return R"({"token":")" + token + R"("})"; }, base, true);
    if (const auto* content = std::get_if<LeaseFile::Content>(&result)) {
        base = content->token;
        return "Written";
    }
    const auto* failure = std::get_if<election::Failure>(&result);
    return failure != nullptr ? failure->text : "Conflict or Absent";
}

std::string create(const std::string& path) {
    LeaseFile file(path);
    std::optional<std::string> none;
    return write(file, none);
}

// A shared record lock on the whole file needs the right to read it, and no more.
bool lock_all(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct flock lock{};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    return fd >= 0 && ::fcntl(fd, F_OFD_SETLK, &lock) == 0; // kept open until the process's end
}

mode_t mode_of(const std::string& path) {
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

} // namespace

TEST_CASE("owner: another user can neither read a lock file nor lock it, whatever the umask") {
    const ScratchFolder folder;
    REQUIRE(::chmod(folder.path().c_str(), 0755) == 0); // as systemd makes a StateDirectory
    const auto path = folder.file("lease");
    const auto umask_before = ::umask(0);
    const auto created = create(path);
    ::umask(umask_before);
    REQUIRE(created == "Written");
    CHECK(mode_of(path) == 0600);
    CHECK(mode_of(fence_path(path)) == 0600);
    CHECK(as_nobody([&] { return lock_all(path) ? "locked" : "refused"; }) == "refused");
}

TEST_CASE("owner: what version 0.1.0 left readable is closed by the first write") {
    const ScratchFolder folder;
    REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
    const auto path = folder.file("lease");
    REQUIRE(create(path) == "Written");
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    REQUIRE(::chmod(fence_path(path).c_str(), 0644) == 0);
    LeaseFile reader(path);
    auto base = std::optional(std::get<LeaseFile::Content>(reader.read()).token);
    CHECK(mode_of(path) == 0644); // a look changes nothing
    LeaseFile candidate(path);
    REQUIRE(write(candidate, base) == "Written");
    CHECK(mode_of(path) == 0600);
    REQUIRE(std::filesystem::remove(path));
    REQUIRE(create(path) == "Written");
    CHECK(mode_of(fence_path(path)) == 0600);
}

TEST_CASE("owner: who holds a lock on all of the file is named") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    REQUIRE(create(path) == "Written");
    const int own_lock = GENERATE(F_OFD_SETLK, F_SETLK); // without and with a process of its own
    int told[2];
    REQUIRE(::pipe2(told, O_CLOEXEC) == 0);
    const pid_t holder = ::fork();
    if (holder == 0) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        struct flock lock{};
        lock.l_type = F_RDLCK;
        lock.l_whence = SEEK_SET;
        const char good = fd >= 0 && ::fcntl(fd, own_lock, &lock) == 0 ? 1 : 0;
        (void)!::write(told[1], &good, 1);
        ::pause();
        ::_exit(0);
    }
    char good = 0;
    REQUIRE(::read(told[0], &good, 1) == 1);
    REQUIRE(good == 1);
    LeaseFile candidate(path);
    auto base = std::optional(std::get<LeaseFile::Content>(candidate.read()).token);
    const auto refused = write(candidate, base);
    const auto tried = LeaseFile(path).try_locks();
    ::kill(holder, SIGKILL);
    ::waitpid(holder, nullptr, 0);
    ::close(told[0]);
    ::close(told[1]);
    CHECK_THAT(refused,
               contains("process " + std::to_string(holder) + " (tests_store, user id 0)"));
    REQUIRE(tried);
    CHECK(tried->text == refused);
    CHECK(write(candidate, base) == "Written");
    CHECK_FALSE(LeaseFile(path).try_locks());
}

TEST_CASE("owner: a file or fence that another user owns or may write is refused") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    REQUIRE(create(path) == "Written");
    const auto victim = GENERATE(true, false) ? path : fence_path(path);
    const auto refused_with = [&](const std::string& words) {
        CHECK_THAT(refusal(path), contains(words) && contains(victim));
        // The same where it came after the start: with the access.
        if (victim == path) {
            LeaseFile late(path);
            CHECK_THAT(std::get<election::Failure>(late.read()).text, contains(words));
        } else {
            CHECK_THAT(create(folder.file("lease")), contains(words) || contains("Conflict"));
        }
    };
    REQUIRE(::chown(victim.c_str(), kNobody, kNobody) == 0);
    refused_with("belongs to user id 65534, and le-run runs as user id 0");
    REQUIRE(::chown(victim.c_str(), 0, 0) == 0);
    for (const mode_t mode : {0620, 0602, 0666}) {
        REQUIRE(::chmod(victim.c_str(), mode) == 0);
        refused_with("could forge the lease: run chmod 600");
    }
    REQUIRE(::chmod(victim.c_str(), 0600) == 0);
    CHECK(refusal(path).empty());
}

TEST_CASE("owner: the fence of another user never takes a token back") {
    const ScratchFolder folder;
    REQUIRE(::chmod(folder.path().c_str(), 01777) == 0);
    const auto path = folder.file("lease");
    REQUIRE(create(path) == "Written");
    REQUIRE(std::filesystem::remove(path));
    REQUIRE(std::filesystem::remove(fence_path(path)));
    REQUIRE(as_nobody([&] { return create(path); }) == "Written"); // nobody's lease and fence
    REQUIRE(std::filesystem::remove(path));
    CHECK_THAT(create(path), contains(fence_path(path) + " belongs to user id 65534"));
}

TEST_CASE("owner: a folder in which others may replace the file is refused") {
    const ScratchFolder scratch;
    const auto above = scratch.file("above");
    const auto folder = above + "/folder";
    REQUIRE(std::filesystem::create_directories(folder));
    const auto path = folder + "/lease";
    const auto changed = GENERATE(true, false) ? folder : above;
    CHECK(refusal(path).empty());
    for (const mode_t mode : {0777, 0775, 0757}) {
        REQUIRE(::chmod(changed.c_str(), mode) == 0);
        CHECK_THAT(refusal(path), contains("other users may write the folder " + changed));
    }
    REQUIRE(::chmod(changed.c_str(), 01777) == 0); // as /tmp
    CHECK(refusal(path).empty());
    REQUIRE(::chmod(changed.c_str(), 0755) == 0);
    REQUIRE(::chown(changed.c_str(), kNobody, kNobody) == 0);
    CHECK_THAT(refusal(path), contains("the folder " + changed + " belongs to user id 65534"));
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("owner: in a user namespace the folders of the host may be used") {
    const ScratchFolder scratch;
    const auto folder = scratch.file("folder");
    REQUIRE(std::filesystem::create_directory(folder));
    REQUIRE(::chown(folder.c_str(), kNobody, kNobody) == 0);
    REQUIRE(::chmod(scratch.path().c_str(), 0755) == 0);
    CHECK(as_nobody([&] {
              must(::prctl(PR_SET_DUMPABLE, 1) == 0, "prctl"); // else uid_map is root's
              must(::unshare(CLONE_NEWUSER) == 0, "unshare");
              const int map = ::open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
              const std::string line = "1000 65534 1";
              must(::write(map, line.data(), line.size()) > 0, "uid_map");
              must(::geteuid() == 1000, "euid"); // and root's folders belong to nobody known
              const auto why = refusal(folder + "/lease");
              return why.empty() ? create(folder + "/lease") : why;
          }) == "Written");
}

} // namespace le_run::test
