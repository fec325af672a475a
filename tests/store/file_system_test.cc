// The file store on file systems that are full, foreign or old. Each in a mount namespace of its
// own process, so that nothing is left behind; the tests run as root.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "store/file/file_store.h"
#include "store/file/lease_file.h"
#include "store/file/network_fs.h"
#include "store/forked.h"

namespace le_run::test {

using namespace le_run::file_store;
namespace {

// What fails in the other process comes back as its text.
void must(bool good, const std::string& what) {
    if (!good) {
        throw std::runtime_error(what + ": " + std::generic_category().message(errno));
    }
}

void own_mounts() {
    must(::unshare(CLONE_NEWNS) == 0, "unshare (the tests run as root)");
    must(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make mounts private");
}

std::string write_text(LeaseFile& file, std::optional<std::string>& base, bool durable) {
    const auto result = file.write(
        [](const std::string& token) { return R"({"token":")" + token + R"("})"; }, base, durable);
    if (const auto* content = std::get_if<LeaseFile::Content>(&result)) {
        base = content->token;
        return "Written";
    }
    const auto* failure = std::get_if<election::Failure>(&result);
    return failure != nullptr ? failure->text : "Conflict or Absent";
}

// Fills the file system to its last byte, and proves it.
void fill(const std::string& folder) {
    const int fd = ::open((folder + "/filler").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    must(fd >= 0, "filler");
    std::string block(1 << 16, 'x');
    while (!block.empty()) {
        if (::write(fd, block.data(), block.size()) < 0) {
            must(errno == ENOSPC, "fill");
            block.resize(block.size() / 2);
        }
    }
    struct statfs status{};
    must(::statfs(folder.c_str(), &status) == 0 && status.f_bfree == 0, "still free");
    ::close(fd);
}

std::string renew_on_full_disk(const std::string& folder) {
    own_mounts();
    must(::mount("none", folder.c_str(), "tmpfs", 0, "size=128k") == 0, "mount tmpfs");
    const auto path = folder + "/lease";
    LeaseFile leader(path);
    LeaseFile candidate(path);
    std::optional<std::string> base;
    must(write_text(leader, base, true) == "Written", "create");
    fill(folder);
    for (int i = 0; i < 2000; ++i) {
        const auto text = write_text(leader, base, i % 10 == 0);
        if (text != "Written") {
            return "renewal " + std::to_string(i) + ": " + text;
        }
    }
    // A takeover while the old leader is frozen with its pair has its place, too.
    if (const auto text = write_text(candidate, base, true); text != "Written") {
        return "takeover: " + text;
    }
    for (int i = 0; i < 100; ++i) {
        if (const auto text = write_text(candidate, base, false); text != "Written") {
            return "renewal after the takeover: " + text;
        }
    }
    // What does need space says so.
    std::optional<std::string> none;
    LeaseFile other(folder + "/other");
    return write_text(other, none, true);
}

std::string create_without_proc(const std::string& folder) {
    own_mounts();
    must(::mount("none", "/proc", "tmpfs", 0, nullptr) == 0, "hide /proc");
    LeaseFile file(folder + "/lease");
    std::optional<std::string> base;
    const auto first = write_text(file, base, true);
    std::string names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        names += " " + entry.path().filename().string();
    }
    return first + (names.size() == std::string(" lease .lease.fence").size() ? "" : names);
}

// The least of a FUSE server: a root folder, and no answer but an error to everything else.
class FuseServer {
public:
    explicit FuseServer(const std::string& folder) {
        fd_ = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
        must(fd_ >= 0, "/dev/fuse");
        const auto options = "fd=" + std::to_string(fd_) + ",rootmode=40777,user_id=0,group_id=0";
        must(::mount("test", folder.c_str(), "fuse", 0, options.c_str()) == 0, "mount fuse");
        thread_ = std::thread([this] { serve(); });
    }
    ~FuseServer() {
        end_ = true;
        thread_.join();
        ::close(fd_);
    }
    FuseServer(const FuseServer&) = delete;
    FuseServer& operator=(const FuseServer&) = delete;

private:
    void serve() {
        alignas(fuse_in_header) char request[FUSE_MIN_READ_BUFFER + 65536];
        while (!end_) {
            pollfd ready{fd_, POLLIN, 0};
            if (::poll(&ready, 1, 20) == 1 && ::read(fd_, request, sizeof request) > 0) {
                answer(*reinterpret_cast<const fuse_in_header*>(request));
            }
        }
    }

    void answer(const fuse_in_header& request) {
        fuse_init_out init{};
        init.major = FUSE_KERNEL_VERSION;
        init.minor = FUSE_KERNEL_MINOR_VERSION;
        init.max_write = 4096;
        fuse_attr_out root{};
        root.attr.ino = 1;
        root.attr.mode = S_IFDIR | 0777;
        root.attr.nlink = 2;
        fuse_statfs_out space{};
        space.st.bsize = 4096;
        space.st.namelen = 255;
        switch (request.opcode) {
        case FUSE_INIT:
            return reply(request, 0, &init, sizeof init);
        case FUSE_GETATTR:
            return reply(request, 0, &root, sizeof root);
        case FUSE_STATFS:
            return reply(request, 0, &space, sizeof space);
        default:
            return reply(request, request.opcode == FUSE_LOOKUP ? -ENOENT : -ENOSYS, nullptr, 0);
        }
    }

    void reply(const fuse_in_header& request, int error, void* body, std::size_t size) {
        fuse_out_header head{static_cast<std::uint32_t>(sizeof head + size), error, request.unique};
        iovec parts[] = {{&head, sizeof head}, {body, size}};
        [[maybe_unused]] const auto sent = ::writev(fd_, parts, 2);
    }

    int fd_ = -1;
    std::atomic<bool> end_ = false;
    std::thread thread_;
};

std::string refusal_on_fuse(const std::string& folder) {
    own_mounts();
    const FuseServer server(folder);
    boost::asio::io_context loop;
    try {
        make_file_store(loop, folder + "/lease");
        return "accepted";
    } catch (const ConfigError& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("renewing needs no free disk space") {
    const ScratchFolder folder;
    CHECK(Forked([&] { return renew_on_full_disk(folder.path()); }).result() ==
          "cannot write " + folder.file("other") + ": No space left on device");
}

TEST_CASE("without /proc a lease file is created through a temporary name, which does not stay") {
    const ScratchFolder folder;
    CHECK(Forked([&] { return create_without_proc(folder.path()); }).result() == "Written");
}

TEST_CASE("a file system served by a process or over a network is refused") {
    const ScratchFolder folder;
    const auto text = Forked([&] { return refusal_on_fuse(folder.path()); }).result();
    CHECK_THAT(text, contains("lease file " + folder.file("lease") + ": " + folder.path() +
                              " is on a network file system (FUSE); a lease file works between "
                              "the processes of one machine only, on a local file system"));
}

TEST_CASE("network file systems by their magic numbers") {
    const struct {
        unsigned long magic;
        const char* name;
    } table[] = {{0x6969, "NFS"},      {0x517b, "SMB"},        {0xff534d42, "CIFS"},
                 {0xfe534d42, "SMB"},  {0x00c36400, "Ceph"},   {0x5346414f, "AFS"},
                 {0x6b414653, "AFS"},  {0x01021997, "9p"},     {0x7461636f, "OCFS2"},
                 {0x01161970, "GFS2"}, {0x0bd00bd0, "Lustre"}, {0x65735546, "FUSE"}};
    for (const auto& row : table) {
        CHECK(network_file_system(row.magic) == row.name);
    }
    CHECK(network_file_system(0xffffffffff534d42UL) == "CIFS"); // as a signed int, extended
    // ext4, xfs, btrfs, tmpfs, overlayfs, zfs, f2fs, bcachefs
    for (const auto local : {0xef53UL, 0x58465342UL, 0x9123683eUL, 0x01021994UL, 0x794c7630UL,
                             0x2fc12fc1UL, 0xf2f52010UL, 0xca451a4eUL}) {
        CHECK_FALSE(network_file_system(local));
    }
}

} // namespace le_run::test
