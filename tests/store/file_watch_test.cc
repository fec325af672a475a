// What a lease file's watch tells when the path leads to another file than before, or the file to
// another folder. Each in a mount namespace of its own process; the tests run as root.
#include <algorithm>
#include <filesystem>

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "helpers/wait_until.h"
#include "store/contract.h"
#include "store/file/file_store.h"
#include "store/forked.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

void must(bool good, const std::string& what) {
    if (!good) {
        throw std::runtime_error(what + ": " + std::generic_category().message(errno));
    }
}

void own_mounts() {
    must(::unshare(CLONE_NEWNS) == 0, "unshare (the tests run as root)");
    must(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make mounts private");
}

void bind_mount(const std::string& from, const std::string& to) {
    must(::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0, "bind mount");
}

void make_folder(const std::string& path) {
    fs::create_directories(path);
    must(::chmod(path.c_str(), 0755) == 0, "chmod");
}

// What a candidate beside writes: a new record, or the next one.
void write_beside(const std::string& path, const std::string& holder) {
    boost::asio::io_context loop;
    const auto store = file_store::make_file_store(loop, path);
    std::optional<StoredLease> base;
    const auto read = read_and_wait(loop, *store);
    if (const auto* found = std::get_if<StoredLease>(&read)) {
        base = *found;
    }
    LeaseRecord record;
    record.holder.text = holder;
    const auto outcome = write_and_wait(loop, *store, record, base);
    must(std::holds_alternative<Written>(outcome), describe(outcome));
}

// A candidate that has read once and then only listens.
class Listener {
public:
    explicit Listener(const std::string& path) : store_(file_store::make_file_store(loop_, path)) {
        read_and_wait(loop_, *store_);
        loop_.restart();
        store_->watch([this](const WatchNews& news) {
            const auto* found = std::get_if<StoredLease>(&news);
            const auto* fails = std::get_if<WatchFails>(&news);
            told_.push_back(found != nullptr                           ? found->record.holder.text
                            : fails != nullptr                         ? "fails: " + fails->text
                            : std::holds_alternative<WatchWorks>(news) ? "works"
                                                                       : "absent");
        });
        must(hears("works"), "no watch");
    }
    // Whether it was told that last, in time.
    bool hears(const std::string& what) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while ((told_.empty() || told_.back() != what) && std::chrono::steady_clock::now() < end) {
            loop_.run_one_until(end);
        }
        return !told_.empty() && told_.back() == what;
    }
    void read() {
        read_and_wait(loop_, *store_);
        loop_.restart();
    }
    std::string all() const {
        std::string text;
        for (const std::string& each : told_) {
            text += each + "\n";
        }
        return text;
    }
    long count(const std::string& what) const {
        return std::count_if(told_.begin(), told_.end(), [&](const std::string& told) {
            return told.find(what) != std::string::npos;
        });
    }

private:
    boost::asio::io_context loop_;
    std::unique_ptr<store::LeaseStore> store_;
    std::vector<std::string> told_;
};

// The text of what went wrong; empty when `steps` went through.
std::string in_own_mounts(const std::function<void()>& steps) {
    return Forked([&]() -> std::string {
               own_mounts();
               steps();
               return {};
           })
        .result();
}

void must_hear(Listener& listener, const std::string& what) {
    const bool heard = listener.hears(what);
    must(heard, "not told \"" + what + "\" but:\n" + listener.all());
}

} // namespace

TEST_CASE("watch: a lease file that is mounted by itself") {
    const ScratchFolder folder;
    make_folder(folder.file("there"));
    make_folder(folder.file("here"));
    const auto there = folder.file("there/lease"), here = folder.file("here/lease");
    write_beside(there, "a");
    folder.write("here/lease", "");
    must(::chmod(here.c_str(), 0600) == 0, "chmod");
    CHECK(in_own_mounts([&] {
              bind_mount(there, here);
              Listener listener(here);
              for (const char* holder : {"b", "c"}) {
                  write_beside(there, holder);
                  must_hear(listener, holder);
              }
          }) == "");
}

TEST_CASE("watch: a folder that is renamed away and made anew") {
    const ScratchFolder folder;
    const std::string moved = GENERATE("above/middle/folder", "above/middle", "above");
    const auto path = folder.file("above/middle/folder/lease");
    make_folder(fs::path(path).parent_path());
    write_beside(path, "a");
    Listener listener(path);
    for (const char* holder : {"b", "c"}) {
        fs::rename(folder.file(moved), folder.file(std::string("old-") + holder));
        if (holder[0] == 'b') { // c: at once
            REQUIRE(listener.hears("fails: " + fs::path(path).parent_path().string() +
                                   " cannot be watched (inotify_add_watch: No such file or "
                                   "directory)"));
            make_folder(fs::path(path).parent_path());
            REQUIRE(listener.hears("works"));
        } else {
            make_folder(fs::path(path).parent_path());
        }
        write_beside(path, holder);
        INFO(listener.all());
        REQUIRE(listener.hears(holder));
    }
    CHECK(listener.count("fails") <= 2); // said once
    write_beside(path, "d");
    CHECK(listener.hears("d"));
}

TEST_CASE("watch: a folder that is deleted with its file, and made anew") {
    const ScratchFolder folder;
    const auto path = folder.file("folder/lease");
    make_folder(folder.file("folder"));
    write_beside(path, "a");
    Listener listener(path);
    fs::remove_all(folder.file("folder"));
    make_folder(folder.file("folder"));
    write_beside(path, "b");
    INFO(listener.all());
    CHECK(listener.hears("b"));
}

TEST_CASE("watch: a link on the way that is turned to another folder") {
    const ScratchFolder folder;
    for (const char* name : {"one", "two"}) {
        make_folder(folder.file(name) + "/folder");
    }
    fs::create_directory_symlink("one", folder.file("link"));
    const auto path = folder.file("link/folder/lease");
    write_beside(path, "a");
    Listener listener(path);
    fs::create_directory_symlink("two", folder.file("new"));
    fs::rename(folder.file("new"), folder.file("link"));
    write_beside(path, "b");
    INFO(listener.all());
    CHECK(listener.hears("b"));
}

TEST_CASE("watch: a file that is deleted and created, or put in the place of another") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    write_beside(path, "a");
    Listener listener(path);
    fs::remove(path);
    CHECK(listener.hears("absent"));
    write_beside(path, "b");
    CHECK(listener.hears("b"));
    write_beside(folder.file("other"), "c");
    fs::rename(folder.file("other"), path);
    CHECK(listener.hears("c"));
    write_beside(path, "d");
    CHECK(listener.hears("d"));
    CHECK(listener.count("works") == 1);
}

TEST_CASE("watch: what is mounted over the folder is found out by the next read") {
    const ScratchFolder folder;
    make_folder(folder.file("there"));
    make_folder(folder.file("here"));
    const auto here = folder.file("here/lease"), there = folder.file("there/lease");
    write_beside(here, "a");
    write_beside(there, "first");
    write_beside(there, "b"); // the first write of each file may have one version
    CHECK(in_own_mounts([&] {
              Listener listener(here);
              bind_mount(folder.file("there"), folder.file("here"));
              listener.read();
              must_hear(listener, "b");
              write_beside(there, "c");
              must_hear(listener, "c");
          }) == "");
}

} // namespace le_run::test
