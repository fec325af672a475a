// What a lock file says of the instant at which its record was sent, and when that is believed.
#include <cstdlib>
#include <fstream>

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "store/contract.h"
#include "store/file/boot.h"
#include "store/file/file_store.h"
#include "store/file/lease_file.h"
#include "store/file/lease_file_format.h"
#include "store/file/renewal.h"
#include "store/forked.h"
#include "store/lease_json.h"

#ifndef CLONE_NEWTIME // Linux 5.6; older headers
#define CLONE_NEWTIME 0x00000080
#endif

namespace le_run::test {

using namespace le_run::election;
using namespace le_run::file_store;
using namespace le_run::store;
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

constexpr const char* kBootIdFile = "/proc/sys/kernel/random/boot_id";
const std::string kBoot = "f8abcc31-4709-4111-acfd-29c7301d1330";
const std::string kOtherBoot = "0a11ce00-0000-4000-8000-000000000000";
const TimePoint kInstant{5s, 6s};

LeaseRecord record_of(const std::string& holder, std::optional<TimePoint> renewed_at) {
    LeaseRecord record;
    record.holder.text = holder;
    record.lease_duration_seconds = 15;
    record.renewed_at = renewed_at;
    return record;
}

Json object(const std::string& token = "4711") {
    Json tree = new_lease_tree("", "lease");
    edit_lease_tree(tree, record_of("a", {}), token);
    return tree;
}

Json with_renewal(Json tree, const std::string& token, const std::optional<std::string>& boot,
                  const std::optional<TimePoint>& renewed_at) {
    set_renewal(tree, token, boot, renewed_at);
    return tree;
}

// As the next process has it, from the bytes.
Json reread(const Json& tree) { return Json::parse(dump_json(tree)); }

void must(bool good, const std::string& what) {
    if (!good) {
        throw std::runtime_error(what + ": " + std::generic_category().message(errno));
    }
}

StoredLease write(const std::string& path, const LeaseRecord& record,
                  const std::optional<StoredLease>& base = {}) {
    boost::asio::io_context loop;
    const auto store = make_file_store(loop, path);
    const auto outcome = write_and_wait(loop, *store, record, base);
    must(std::holds_alternative<Written>(outcome), describe(outcome));
    return std::get<Written>(outcome).lease;
}

StoredLease read(const std::string& path) {
    boost::asio::io_context loop;
    const auto store = make_file_store(loop, path);
    const auto outcome = read_and_wait(loop, *store);
    must(std::holds_alternative<StoredLease>(outcome), describe(outcome));
    return std::get<StoredLease>(outcome);
}

// The object in the file, replaced as another program would: with a token of its own.
void rewrite(const std::string& path, const std::function<void(Json&)>& edit) {
    LeaseFile file(path);
    const auto content = std::get<LeaseFile::Content>(file.read());
    const auto result = file.write(
        [&](const std::string& token) {
            auto tree = Json::parse(content.object);
            tree["metadata"]["resourceVersion"] = token;
            edit(tree);
            return tree.dump();
        },
        content.token, true);
    REQUIRE(std::holds_alternative<LeaseFile::Content>(result));
}

// `set_up` first, then what another process there reads of `path`, and whether it writes instants.
std::string seen_from(const std::function<void()>& set_up, const std::string& path) {
    return Forked([&] {
               set_up();
               return Forked([&] { // a time namespace is entered by the next process
                          const auto found = read(path);
                          const auto own = write(path, record_of("there", kInstant), found);
                          return std::string(found.record.renewed_at ? "believed" : "doubted") +
                                 (own.record.renewed_at ? ", written" : ", not written");
                      })
                   .result();
           })
        .result();
}

void own_mounts() {
    must(::unshare(CLONE_NEWNS) == 0, "unshare (the tests run as root)");
    must(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make mounts private");
}

void lay_over_boot_id(const std::string& file) {
    own_mounts();
    must(::mount(file.c_str(), kBootIdFile, nullptr, MS_BIND, nullptr) == 0, "bind " + file);
}

void own_clocks() {
    must(::unshare(CLONE_NEWTIME) == 0, "unshare -T");
    std::ofstream offsets("/proc/self/timens_offsets");
    offsets << "monotonic 100000 0\nboottime 100000 0\n" << std::flush;
    must(offsets.good(), "timens_offsets");
}

} // namespace

TEST_CASE("renewal: what is written is read, for that write and that boot only") {
    const Json set = with_renewal(object(), "4711", kBoot, kInstant);
    CHECK(renewal_in(set, "4711", kBoot) == kInstant);
    const Json with = reread(set);
    CHECK(renewal_in(with, "4711", kBoot) == kInstant);
    CHECK_FALSE(renewal_in(with, "4711", {}));
    CHECK(renewal_in(with, "4711", kOtherBoot) == TimePoint::far_past());
    // A power failure may leave an object that is older than the current write.
    CHECK_FALSE(renewal_in(with, "4712", kBoot));
    CHECK(renewal_in(with, "4712", kOtherBoot) == TimePoint::far_past());
    // le-run 0.1.0 renews the lease, but not this.
    Json kept = with;
    edit_lease_tree(kept, record_of("a", {}), "4712");
    for (const auto* token : {"4711", "4712"}) {
        CHECK_FALSE(renewal_in(kept, token, kBoot));
        CHECK_FALSE(renewal_in(kept, token, kOtherBoot));
    }
    // The next write says it anew, or no more.
    const Json next = with_renewal(kept, "4712", kBoot, kInstant + 2s);
    CHECK(renewal_in(next, "4712", kBoot) == kInstant + 2s);
    CHECK(with_renewal(kept, "4712", kBoot, {}) == object("4712"));
    CHECK(with_renewal(kept, "4712", {}, kInstant) == object("4712"));
    CHECK(std::holds_alternative<LeaseObject>(parse_lease_object(dump_json(with))));
}

TEST_CASE("renewal: what cannot be so is not believed") {
    const auto edited = [](const std::string& name, const Json& value) {
        Json tree = with_renewal(object(), "4711", kBoot, kInstant);
        auto& renewal = tree["leRunRenewal"];
        name.empty() ? renewal = value : value.is_null() ? void(renewal.erase(name)),
                       renewal : renewal[name] = value;
        return renewal_in(reread(tree), "4711", kBoot);
    };
    CHECK(edited("more", 1) == kInstant);
    for (const char* name : {"resourceVersion", "bootId", "boottime", "raw"}) {
        CAPTURE(name);
        for (const auto* value :
             {"null", "true", "\"\"", "-1", "1.5", "1e3", "{}", "[4711]", "9223372036854775808",
              "18446744073709551615", "\"F8ABCC31-4709-4111-ACFD-29C7301D1330\"",
              "\"f8abcc31-4709-4111-acfd-29c7301d133\"", "\"5000000000\""}) {
            CAPTURE(value);
            CHECK_FALSE(edited(name, Json::parse(value)));
        }
    }
    for (const auto* value : {"null", "1", "\"x\"", "[]", "{}"}) {
        CHECK_FALSE(edited("", Json::parse(value)));
    }
    CHECK_FALSE(renewal_in(Json(), "4711", kBoot));
    CHECK_FALSE(renewal_in(Json::array(), "4711", kBoot));
    for (const TimePoint& beyond : {TimePoint(-1ns, 6s), TimePoint(5s, -1ns), TimePoint::far_past(),
                                    TimePoint::far_future() + 1ns}) {
        CHECK_FALSE(renewal_in(with_renewal(object(), "4711", kBoot, beyond), "4711", kBoot));
    }
}

TEST_CASE("renewal: a lock file tells the next process when its record was sent") {
    REQUIRE(this_boot());
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    const TimePoint sent = Clock().now();
    const StoredLease first = write(path, record_of("a", sent));
    CHECK(first.record.renewed_at == sent);
    CHECK(read(path).record == first.record);
    CHECK_THAT(read_file(path), contains(*this_boot()));
    const StoredLease second = write(path, record_of("a", sent + 2s), first);
    CHECK(read(path).record.renewed_at == sent + 2s);
    SECTION("a release says nothing") {
        write(path, record_of("", {}), second);
        CHECK_FALSE(read(path).record.renewed_at);
        CHECK_FALSE(tree_of(*read(path).object).contains("leRunRenewal"));
    }
    SECTION("le-run 0.1.0 keeps what it does not know, and that does not count") {
        rewrite(path,
                [](auto& tree) { tree["spec"]["renewTime"] = "2026-01-01T00:00:00.000000Z"; });
        REQUIRE(tree_of(*read(path).object).contains("leRunRenewal"));
        CHECK_FALSE(read(path).record.renewed_at);
        write(path, record_of("b", sent + 4s), read(path));
        CHECK(read(path).record.renewed_at == sent + 4s);
    }
    SECTION("of another boot: it is long past") {
        rewrite(path, [](auto& tree) {
            tree["leRunRenewal"]["resourceVersion"] = tree["metadata"]["resourceVersion"];
            tree["leRunRenewal"]["bootId"] = kOtherBoot;
        });
        CHECK(read(path).record.renewed_at == TimePoint::far_past());
    }
    SECTION("an object that leaves no room for it is written all the same") {
        rewrite(path, [](auto& tree) {
            tree.erase("leRunRenewal");
            tree["metadata"]["annotations"]["note"] = "";
            const auto room = lease_file_format::kSlotCapacity - tree.dump().size();
            tree["metadata"]["annotations"]["note"] = std::string(room - 100, 'x');
        });
        const StoredLease large = write(path, record_of("a", sent + 4s), read(path));
        CHECK_FALSE(large.record.renewed_at);
        CHECK(read(path).record == large.record);
    }
}

TEST_CASE("renewal: clocks or a boot id that are not the kernel's own are doubted") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    write(path, record_of("a", Clock().now()));
    CHECK(seen_from([] {}, path) == "believed, written");
    SECTION("a time namespace") { CHECK(seen_from(own_clocks, path) == "doubted, not written"); }
    SECTION("another file over boot_id, as systemd-nspawn has it") {
        const auto other = folder.write("boot_id", *this_boot() + "\n");
        CHECK(seen_from([&] { lay_over_boot_id(other); }, path) == "doubted, not written");
    }
    SECTION("a file over it that is another one each time") {
        CHECK(seen_from([] { lay_over_boot_id("/proc/sys/kernel/random/uuid"); }, path) ==
              "doubted, not written");
    }
    SECTION("no /proc") {
        CHECK(seen_from(
                  [] {
                      own_mounts();
                      must(::mount("none", "/proc", "tmpfs", 0, nullptr) == 0, "mount");
                  },
                  path) == "doubted, not written");
    }
    // And what they wrote is doubted here.
    CHECK(read(path).record.holder.text == "there");
    CHECK_FALSE(read(path).record.renewed_at);
}

TEST_CASE("renewal: boot ids") {
    CHECK(is_boot_id(kBoot));
    for (const char* bad :
         {"", "f8abcc31", "f8abcc31-4709-4111-acfd-29c7301d133",
          "f8abcc31-4709-4111-acfd-29c7301d13300", "f8abcc31-4709-4111-acfd+29c7301d1330",
          "f8abcc31-4709-4111-acfd-29c7301d133\n", "f8abcc31-4709-4111-acfd-29c7301d133g"}) {
        CHECK_FALSE(is_boot_id(bad));
    }
}

} // namespace le_run::test
