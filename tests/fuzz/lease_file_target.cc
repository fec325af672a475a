// What lies in a lock file and in the fence beside it, through the store's own register.
//
// The input is up to four parts with a line "--" between them: bytes laid over the head of a file
// that le-run wrote, the object in its slots, the fence ("-": there is none), and the file's size.
// One that begins with '!' is the file itself.
#include <charconv>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "fuzz.h"
#include "store/file/fence.h"
#include "store/file/lease_file.h"
#include "store/file/renewal.h"
#include "store/lease_json.h"

using namespace le_run;
using namespace le_run::election;
using namespace le_run::file_store;
using namespace le_run::fuzz;
using Json = nlohmann::ordered_json;
namespace format = lease_file_format;

namespace {

std::string_view take_part(std::string_view& rest) {
    constexpr std::string_view kMark = "\n--\n";
    const auto end = std::min(rest.find(kMark), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + kMark.size(), rest.size()));
    return part;
}

std::string contents_of(std::string_view head, std::string_view object, std::string_view size) {
    std::string bytes = format::empty_file();
    std::copy_n(head.begin(), std::min<std::size_t>(head.size(), format::kPageSize), bytes.begin());
    object = object.substr(0, format::kSlotCapacity);
    for (unsigned slot = 0; slot < format::kFirstPairs * format::kSlotsOfPair; ++slot) {
        std::copy(object.begin(), object.end(), bytes.data() + format::slot_offset(slot));
    }
    std::size_t wanted = 0;
    if (std::from_chars(size.begin(), size.end(), wanted).ptr != size.begin()) {
        bytes.resize(wanted % (16 * format::kPageSize), ' ');
    }
    return bytes;
}

std::uint64_t number_of(const std::string& token) {
    LE_CHECK(!token.empty() && token.front() != '0' && token.size() <= 19);
    LE_CHECK(token.find_first_not_of("0123456789") == std::string::npos);
    return std::stoull(token);
}

// Why not, in own words: the file's bytes have no place in a message.
void check_words(const Failure& failure, const std::string& path) {
    LE_CHECK(failure.kind == Failure::Kind::kMalformed);
    LE_CHECK(failure.text.find(path.substr(0, path.rfind('/') + 1)) == 0);
    LE_CHECK(failure.text.size() < 200 && !has_control_characters(failure.text));
}

void check_write(LeaseFile& file, const Folder& folder, std::optional<std::string> expected) {
    const std::string before = folder.read("lease");
    const auto make = [](const std::string& token) { return "{\"of\":" + token + "}"; };
    const auto written = file.write(make, expected, /*durable=*/true);
    if (const auto* failure = std::get_if<Failure>(&written)) {
        check_words(*failure, folder.file("lease"));
        LE_CHECK(folder.read("lease") == before); // not ours: left alone
        return;
    }
    const auto* content = std::get_if<LeaseFile::Content>(&written);
    LE_CHECK(content != nullptr && content->object == "{\"of\":" + content->token + "}");
    LE_CHECK(!expected || number_of(content->token) == number_of(*expected) + 1);
    const auto again = LeaseFile(folder.file("lease")).read();
    const auto* seen = std::get_if<LeaseFile::Content>(&again);
    LE_CHECK(seen != nullptr && seen->object == content->object && seen->token == content->token);
    // A token that was valid is not any more.
    LE_CHECK(!expected || std::holds_alternative<Conflict>(file.write(make, expected, false)));
}

// The instant beside the Lease: nothing but what was written with it, and no other write's.
void check_renewal(std::string_view bytes) {
    const auto parsed = store::parse_json(bytes);
    if (std::holds_alternative<store::Malformed>(parsed)) {
        return;
    }
    const auto& object = std::get<Json>(parsed);
    const std::string boot = "f8abcc31-4709-4111-acfd-29c7301d1330";
    const std::string other = "0a11ce00-0000-4000-8000-000000000000";
    LE_CHECK(!renewal_in(object, "4711", {}));
    const auto read = renewal_in(object, "4711", boot);
    LE_CHECK(!read || *read == TimePoint::far_past() ||
             (is_not_before(*read, {}) && is_not_before(TimePoint::far_future(), *read)));
    const auto lease = store::lease_object_of(object);
    if (std::holds_alternative<store::Malformed>(lease)) {
        return;
    }
    const TimePoint instant{Duration(5), Duration(6)};
    Json set = object;
    store::edit_lease_tree(set, {}, "4712");
    set_renewal(set, "4712", boot, instant);
    LE_CHECK(renewal_in(set, "4712", boot) == instant);
    const std::string written = store::dump_json(set);
    const auto with = std::get<Json>(store::parse_json(written)); // as the next process has it
    LE_CHECK(renewal_in(with, "4712", boot) == instant);
    LE_CHECK(renewal_in(with, "4712", other) == TimePoint::far_past());
    LE_CHECK(!renewal_in(with, "4711", boot));
    set = with;
    set_renewal(set, "4712", boot, instant);
    LE_CHECK(store::dump_json(set) == written);
    set_renewal(set, "4712", boot, {});
    LE_CHECK(!renewal_in(set, "4712", boot));
}

void check_register(const Folder& folder) {
    const std::string path = folder.file("lease");
    LeaseFile file(path);
    const auto read = file.read();
    if (const auto* failure = std::get_if<Failure>(&read)) {
        check_words(*failure, path);
        check_write(file, folder, std::nullopt);
        LE_CHECK(std::holds_alternative<Failure>(file.read()));
    } else if (const auto* content = std::get_if<LeaseFile::Content>(&read)) {
        number_of(content->token);
        check_renewal(content->object);
        LE_CHECK(content->object.size() <= format::kSlotCapacity);
        LE_CHECK(std::holds_alternative<Conflict>(file.write({}, std::nullopt, true)));
        check_write(file, folder, content->token);
    } else {
        LE_CHECK(std::holds_alternative<Absent>(file.write({}, "1", true)));
        check_write(file, folder, std::nullopt);
    }
}

void check_fence(const Folder& folder) {
    const std::string lease = folder.file("lease");
    const std::string before = folder.read(".lease.fence");
    try {
        const std::uint32_t era = take_era(lease);
        LE_CHECK(era > 0 && folder.read(".lease.fence").substr(0, 8) == format_era(era));
        LE_CHECK(before.empty() || era > parse_era(before.substr(0, 8), lease));
        LE_CHECK(parse_era(format_era(era), lease) == era);
    } catch (const FileError& error) {
        check_words(error.failure(), lease);
        LE_CHECK(folder.read(".lease.fence") == before);
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Folder folder;
    std::string_view rest = text_of(data, size);
    const std::string fence_name = ".lease.fence";
    ::unlink(folder.file(fence_name).c_str());
    if (rest.starts_with('!')) {
        folder.write("lease", rest.substr(1));
    } else {
        const auto head = take_part(rest);
        const auto object = take_part(rest);
        const auto fence = take_part(rest);
        folder.write("lease", contents_of(head, object, rest));
        if (fence != "-") {
            folder.write(fence_name, fence);
        }
    }
    check_register(folder);
    check_fence(folder);

    // The words in the head, by themselves.
    if (size >= sizeof(Word)) {
        Word word;
        std::copy_n(data, word.size(), word.begin());
        if (const auto current = format::parse_current(word)) {
            LE_CHECK(current->count < std::uint64_t{1} << 36 && current->slot < 100);
            LE_CHECK(format::format_current(*current) == word);
        }
    }
    return 0;
}
