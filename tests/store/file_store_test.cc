// The file store as a store: the contract, where it may lie, and what it says of foreign contents.
#include <csignal>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "helpers/thread_freezer.h"
#include "store/contract.h"
#include "store/file/file_store.h"
#include "store/file/lease_file.h"
#include "store/file/lease_file_format.h"
#include "store/forked.h"
#include "store/lease_json.h"

namespace le_run::test {

using namespace le_run::election;
using namespace le_run::file_store;
namespace {

namespace format = lease_file_format;

LeaseRecord record_of(const std::string& holder) {
    LeaseRecord record;
    record.holder.text = holder;
    record.lease_duration_seconds = 15;
    return record;
}

class FileUnderTest : public StoreUnderTest {
public:
    std::unique_ptr<store::LeaseStore> make_store(boost::asio::io_context& loop) override {
        return make_file_store(loop, path_);
    }
    void delete_lease() override { std::filesystem::remove(path_); }
    nlohmann::ordered_json read_raw() override {
        return nlohmann::ordered_json::parse(content().object);
    }
    void edit_raw(const std::function<void(nlohmann::ordered_json&)>& edit) override {
        auto lease = read_raw();
        edit(lease);
        const auto result = LeaseFile(path_).write([&](const std::string&) { return lease.dump(); },
                                                   content().token, true);
        REQUIRE(std::holds_alternative<LeaseFile::Content>(result));
    }
    void hang() override { freezer_.emplace("lease-file"); }
    void resume() override { freezer_.reset(); }

private:
    LeaseFile::Content content() { return std::get<LeaseFile::Content>(LeaseFile(path_).read()); }

    ScratchFolder folder_;
    std::string path_ = folder_.file("lease.json");
    std::optional<ThreadFreezer> freezer_;
};

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

std::string read_text(const std::string& path) {
    boost::asio::io_context loop;
    const auto store = make_file_store(loop, path);
    return describe(read_and_wait(loop, *store));
}

std::string create_text(const std::string& path, const std::string& holder) {
    boost::asio::io_context loop;
    const auto store = make_file_store(loop, path);
    return describe(write_and_wait(loop, *store, record_of(holder), {}));
}

void become_nobody() {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) {
        throw std::runtime_error("cannot become nobody: the tests run as root");
    }
}

} // namespace

TEST_CASE("the file store keeps the store contract") {
    check_store_contract([] { return std::make_unique<FileUnderTest>(); });
}

TEST_CASE("a lease file is JSON that holds the record") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    REQUIRE(create_text(path, "host \"a\"") == "Written");
    const auto json = nlohmann::json::parse(read_file(path));
    CHECK(json["leRunLease"] == 1);
    REQUIRE(json["slots"].size() == 4);
    const auto slot = std::stoul(json["current"].get<std::string>().substr(6));
    const auto& lease = json["slots"][slot];
    CHECK(lease["kind"] == "Lease");
    CHECK(lease["metadata"]["name"] == "lease");
    CHECK(lease["spec"]["holderIdentity"] == "host \"a\"");
    CHECK(lease["spec"]["leaseDurationSeconds"] == 15);
    // Twice, so that either slot of the pair has it should power fail after later writes.
    CHECK(json["slots"][slot ^ 1U] == lease);
    const auto token = std::stoull(lease["metadata"]["resourceVersion"].get<std::string>());
    CHECK(token >> 31 == std::stoull(json["era"].get<std::string>(), nullptr, 16));
    CHECK((token & 0x7fffffff) == 1);
}

TEST_CASE("a place that cannot work is refused at start, and nothing is created") {
    const ScratchFolder folder;
    CHECK_THAT(refusal(folder.file("no/lease")),
               contains("the folder " + folder.file("no") + " does not exist"));
    folder.write("file", "text");
    CHECK_THAT(refusal(folder.file("file/lease")),
               contains(folder.file("file") + " is not a folder"));
    CHECK_THAT(refusal(folder.path()), contains(folder.path() + " is a folder"));
    CHECK_THAT(refusal(folder.path() + "/"), contains("must end with the name of a file"));
    CHECK_THAT(refusal(folder.file(std::string(201, 'x'))), contains("longer than 200 bytes"));
    REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0666) == 0);
    CHECK_THAT(refusal(folder.file("fifo")), contains("is not a regular file"));
    std::filesystem::create_symlink("elsewhere", folder.file("link"));
    CHECK_THAT(refusal(folder.file("link")), contains("is a symbolic link"));
    std::filesystem::create_directory(folder.file(".busy.fence"));
    CHECK_THAT(refusal(folder.file("busy")), contains(".busy.fence is a folder"));
    CHECK(refusal(folder.file("good")).empty());
    CHECK_FALSE(std::filesystem::exists(folder.file("good")));
    CHECK_FALSE(std::filesystem::exists(folder.file(".good.fence")));
}

TEST_CASE("missing rights are said at start, and later with the access") {
    const ScratchFolder folder;
    REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
    REQUIRE(create_text(folder.file("lease"), "root") == "Written");
    const auto as_nobody = [&](const InChild& run) {
        return Forked([&] {
                   become_nobody();
                   return run();
               })
            .result();
    };
    CHECK_THAT(as_nobody([&] { return refusal(folder.file("new")); }),
               contains(folder.path() + " is not writable for user id 65534"));
    REQUIRE(::chmod(folder.path().c_str(), 01777) == 0);
    CHECK_THAT(as_nobody([&] { return refusal(folder.file("lease")); }),
               contains(folder.file("lease") + " is not readable and writable for user id 65534"));
    CHECK(as_nobody([&] { return create_text(folder.file("mine"), "nobody"); }) == "Written");

    const auto later = as_nobody([&] {
        boost::asio::io_context loop;
        const auto mine = folder.file("mine");
        const auto store = make_file_store(loop, mine);
        ::chmod(mine.c_str(), 0);
        return describe(read_and_wait(loop, *store));
    });
    CHECK_THAT(later, contains("Failure denied: cannot open " + folder.file("mine")));
}

TEST_CASE("contents that are not ours are malformed, named, and left alone") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    const auto good = format::empty_file();
    auto edited_head = good;
    edited_head.replace(good.find("slots"), 5, "plots");
    auto odd_count = good;
    odd_count.replace(format::kCurrentOffset, 8, "AA AA100");
    auto no_slot = good;
    no_slot.replace(format::kCurrentOffset, 8, "AAAAAB04");
    auto no_era = good;
    no_era.replace(format::kCurrentOffset, 8, "AAAAAB00");
    auto odd_era = good;
    odd_era.replace(format::kEraOffset, 8, "0000xyz1");
    auto not_a_lease = no_era;
    not_a_lease.replace(format::kEraOffset, 8, "00000001");
    const struct {
        const char* name;
        std::string contents;
        const char* complaint;
    } table[] = {
        {"empty", "", "is empty"},
        {"garbage", std::string(100'000, '\xff'), "is not a lease file of le-run"},
        {"one byte", "x", "is not a lease file of le-run"},
        {"other JSON", "[1, 2, 3]", "is not a lease file of le-run"},
        {"a lease by hand", store::make_lease_object("", "lease", record_of("a")),
         "is not a lease file of le-run"},
        {"cut in the head", good.substr(0, 50), "has been truncated to 50 bytes"},
        {"cut in the first words", good.substr(0, 5), "has been truncated to 5 bytes"},
        {"cut in a slot", good.substr(0, good.size() - 1), "has been truncated to"},
        {"edited", edited_head, "has been edited"},
        {"count", odd_count, "`current` is not a count and a slot"},
        {"slot", no_slot, "`current` names a slot or era that the file does not have"},
        {"no era", no_era, "`current` names a slot or era that the file does not have"},
        {"era", odd_era, "eight hexadecimal digits"},
        {"no lease in the slot", not_a_lease, "the lease in it cannot be read"},
    };
    for (const auto& row : table) {
        DYNAMIC_SECTION(row.name) {
            folder.write("lease", row.contents);
            const auto read = read_text(path);
            CHECK_THAT(read, contains("Failure malformed: " + path));
            CHECK_THAT(read, contains(row.complaint));
            CHECK(read.find('\n') == std::string::npos);
            const auto write = create_text(path, "a");
            CHECK((write == "Conflict" || write.find("Failure malformed: " + path) == 0));
            CHECK(read_file(path) == row.contents);
            std::filesystem::remove(path);
            CHECK(create_text(path, "a") == "Written");
        }
    }
}

TEST_CASE("a file that is truncated or replaced while it is in use") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    boost::asio::io_context loop;
    const auto store = make_file_store(loop, path);
    const auto created = write_and_wait(loop, *store, record_of("a"), {});
    REQUIRE(describe(created) == "Written");
    const auto base = std::get<Written>(created).lease;

    std::filesystem::resize_file(path, 0); // the mapping has nothing behind it now
    CHECK_THAT(describe(read_and_wait(loop, *store)), contains("is empty"));
    CHECK_THAT(describe(write_and_wait(loop, *store, record_of("a"), base)), contains("is empty"));
    std::ofstream(path) << "hello";
    CHECK_THAT(describe(read_and_wait(loop, *store)), contains("is not a lease file"));
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    CHECK_THAT(describe(read_and_wait(loop, *store)), contains("Failure denied"));
    std::filesystem::remove(path);
    CHECK(describe(write_and_wait(loop, *store, record_of("a"), base)) == "Absent");
    CHECK(describe(read_and_wait(loop, *store)) == "Absent");
    const auto again = write_and_wait(loop, *store, record_of("a"), {});
    REQUIRE(describe(again) == "Written");
    CHECK(is_greater(std::get<Written>(again).token, FencingToken{base.version.text}));
}

TEST_CASE("a record that does not fit is denied, what is stored stays") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    boost::asio::io_context loop;
    const auto store = make_file_store(loop, path);
    const auto created = write_and_wait(loop, *store, record_of("a"), {});
    const auto base = std::get<Written>(created).lease;
    const auto refused = write_and_wait(loop, *store, record_of(std::string(4096, 'x')), base);
    CHECK_THAT(describe(refused), contains("Failure denied"));
    CHECK_THAT(describe(refused), contains("does not fit, at most 4093 do"));
    CHECK(describe(write_and_wait(loop, *store, record_of(std::string(3000, 'x')), base)) ==
          "Written");
}

TEST_CASE("the access thread leaves signals to others") {
    const ScratchFolder folder;
    boost::asio::io_context loop;
    const auto store = make_file_store(loop, folder.file("lease"));
    REQUIRE(describe(read_and_wait(loop, *store)) == "Absent");
    int seen = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        if (read_file(task.path() / "comm") != "lease-file\n") {
            continue;
        }
        ++seen;
        const auto status = read_file(task.path() / "status");
        const auto at = status.find("SigBlk:\t");
        REQUIRE(at != std::string::npos);
        // All but SIGKILL, SIGSTOP and the two that the C library keeps for itself.
        CHECK(std::stoull(status.substr(at + 8, 16), nullptr, 16) == 0xfffffffe7ffbfeff);
    }
    CHECK(seen >= 1);
}

} // namespace le_run::test
