// The register in a file: its format, and several real processes that hammer one file.
#include <array>
#include <filesystem>
#include <random>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "store/file/fence.h"
#include "store/file/lease_file.h"
#include "store/file/lease_file_format.h"
#include "store/forked.h"

namespace le_run::test {

using namespace le_run::election;
using namespace le_run::file_store;
namespace {

namespace format = lease_file_format;

LeaseFile::MakeObject object(std::uint64_t number) {
    return [number](const std::string& token) {
        return R"({"number":)" + std::to_string(number) + R"(,"token":")" + token + R"("})";
    };
}

LeaseFile::Content must_write(LeaseFile& file, std::uint64_t number,
                              const std::optional<std::string>& base, bool durable = false) {
    auto result = file.write(object(number), base, durable);
    if (const auto* failure = std::get_if<Failure>(&result)) {
        FAIL(failure->text);
    }
    REQUIRE(std::holds_alternative<LeaseFile::Content>(result));
    return std::get<LeaseFile::Content>(std::move(result));
}

// Adds one to the number in the file `writes` times, creating the file when it is not there; after
// some writes the file is deleted if `deletes`. Says the tokens won, in order.
std::string hammer(const std::string& path, int writes, unsigned seed) {
    std::mt19937 random(seed);
    std::optional<LeaseFile> file;
    std::ostringstream tokens;
    while (writes > 0) {
        if (!file || random() % 8 == 0) {
            file.emplace(path); // as a new process: without a pair
        }
        const auto seen = file->read();
        std::optional<std::string> base;
        std::uint64_t number = 0;
        if (const auto* content = std::get_if<LeaseFile::Content>(&seen)) {
            const auto json = nlohmann::json::parse(content->object);
            if (json["token"] != content->token) {
                return "read a mixture: " + content->object + " as " + content->token;
            }
            number = json["number"].get<std::uint64_t>();
            base = content->token;
        } else if (const auto* failure = std::get_if<Failure>(&seen)) {
            return "read: " + failure->text;
        }
        const auto result = file->write(object(number + 1), base, random() % 4 == 0);
        if (const auto* content = std::get_if<LeaseFile::Content>(&result)) {
            --writes;
            tokens << content->token << ' ';
        } else if (const auto* failure = std::get_if<Failure>(&result)) {
            return "write: " + failure->text;
        } else if (std::holds_alternative<Absent>(result)) {
            return "write: absent";
        }
    }
    return tokens.str();
}

// As hammer, but only creates, renews a few times and deletes.
std::string churn(const std::string& path, int rounds, unsigned seed) {
    std::mt19937 random(seed);
    LeaseFile file(path);
    std::ostringstream tokens;
    for (int round = 0; round < rounds; ++round) {
        auto result = file.write(object(0), {}, false);
        while (std::holds_alternative<LeaseFile::Content>(result) && random() % 4 != 0) {
            const auto& token = std::get<LeaseFile::Content>(result).token;
            tokens << token << ' ';
            result = file.write(object(0), token, false);
        }
        if (const auto* failure = std::get_if<Failure>(&result)) {
            return "write: " + failure->text;
        }
        if (const auto* content = std::get_if<LeaseFile::Content>(&result)) {
            tokens << content->token << ' ';
        }
        std::error_code ignored; // another one was faster
        std::filesystem::remove(path, ignored);
    }
    return tokens.str();
}

// Each process's tokens must grow, and none may be won by two.
std::size_t check_tokens(const std::vector<std::string>& results) {
    std::set<std::uint64_t> all;
    for (const auto& result : results) {
        INFO(result.substr(0, 200));
        std::istringstream in(result);
        std::uint64_t last = 0;
        std::uint64_t token = 0;
        while (in >> token) {
            CHECK(token > last);
            CHECK(all.insert(token).second);
            last = token;
        }
        CHECK(in.eof()); // else it is an error text
    }
    return all.size();
}

std::vector<std::string> run_processes(int count, const std::function<std::string(int)>& run) {
    std::vector<std::unique_ptr<Forked>> processes;
    for (int i = 0; i < count; ++i) {
        processes.push_back(std::make_unique<Forked>([&run, i] { return run(i); }));
    }
    std::vector<std::string> results;
    for (const auto& process : processes) {
        results.push_back(process->result());
    }
    return results;
}

} // namespace

TEST_CASE("the words of a lease file") {
    const auto text = [](format::Current current) {
        const auto word = format::format_current(current);
        return std::string(word.data(), word.size());
    };
    CHECK(text({0, 0}) == "AAAAAA00");
    CHECK(text({1, 3}) == "AAAAAB03");
    CHECK(text({63, 99}) == "AAAAA_99");
    CHECK(text({64, 10}) == "AAAABA10");
    for (const auto count : {std::uint64_t{0}, std::uint64_t{12345}, format::kLastCount}) {
        const auto back = format::parse_current(format::format_current({count, 42}));
        REQUIRE(back.has_value());
        CHECK(back->count == count);
        CHECK(back->slot == 42);
    }
    CHECK_FALSE(format::parse_current(Word{'A', 'A', 'A', 'A', 'A', '=', '0', '0'}));
    CHECK_FALSE(format::parse_current(Word{'A', 'A', 'A', 'A', 'A', 'A', '0', 'x'}));
    CHECK(format_era(0) == "00000000");
    CHECK(format_era(0x6920a3f1) == "6920a3f1");
    CHECK(parse_era("6920a3f1", "x") == 0x6920a3f1);
    for (const char* bad : {"", "6920a3f", "6920a3fg", "-920a3f1", " 920a3f1", "0x20a3f1"}) {
        CHECK_THROWS_AS(parse_era(bad, "x"), FileError);
    }
    CHECK(nlohmann::json::accept(format::empty_file()));
    CHECK_FALSE(format::check_head(std::string_view(format::empty_file()).substr(0, 67),
                                   format::empty_file().size()));
}

TEST_CASE("several processes count in one file and lose no update") {
    const auto seed = GENERATE(1U, 2U, 3U);
    constexpr int kProcesses = 6;
    constexpr int kWrites = 1000;
    CAPTURE(seed);
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    const auto results = run_processes(kProcesses, [&](int i) {
        return hammer(path, kWrites, seed * 100 + static_cast<unsigned>(i));
    });
    CHECK(check_tokens(results) == kProcesses * kWrites);
    LeaseFile file(path);
    const auto last = std::get<LeaseFile::Content>(file.read());
    CHECK(nlohmann::json::parse(last.object)["number"] == kProcesses * kWrites);
    // Whoever joined made the file longer at most by its own pair.
    CHECK(std::filesystem::file_size(path) <= format::file_size(kProcesses));
    must_write(file, 0, last.token);
    CHECK(nlohmann::json::accept(read_file(path)));
}

TEST_CASE("several processes create and delete one file, and no token comes twice") {
    const auto seed = GENERATE(1U, 2U);
    const ScratchFolder folder;
    const auto results = run_processes(4, [&](int i) {
        return churn(folder.file("lease"), 400, seed * 100 + static_cast<unsigned>(i));
    });
    CHECK(check_tokens(results) >= 4);
}

TEST_CASE("tokens survive the deletion of the file, with the clock set back too") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    LeaseFile a(path);
    auto last = must_write(a, 1, {}).token;
    for (int i = 0; i < 3; ++i) {
        std::filesystem::remove(path);
        LeaseFile b(path);
        const auto next = must_write(b, 1, {}).token;
        CHECK(std::stoull(next) > std::stoull(last));
        last = next;
    }
    // As if the clock had been in the year 2100 once.
    std::filesystem::remove(path);
    folder.write(".lease.fence", "f48656ff\n");
    last = must_write(a, 1, {}).token;
    CHECK(std::stoull(last) >> 31 == 0xf4865700);
    // Without the fence the clock is the least.
    std::filesystem::remove(path);
    std::filesystem::remove(folder.file(".lease.fence"));
    const auto now = std::time(nullptr);
    const auto era = std::stoll(must_write(a, 1, {}).token) >> 31;
    CHECK(era >= now);
    CHECK(era <= now + 60);
    // A fence that cannot be read is not guessed.
    std::filesystem::remove(path);
    folder.write(".lease.fence", "hello\n");
    const auto refused = a.write(object(1), {}, true);
    REQUIRE(std::holds_alternative<Failure>(refused));
    CHECK(std::get<Failure>(refused).kind == Failure::Kind::kMalformed);
    CHECK_THAT(std::get<Failure>(refused).text, contains(folder.file(".lease.fence")));
    CHECK(std::holds_alternative<Absent>(a.read()));
}

TEST_CASE("a file with all fencing tokens used says so") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    LeaseFile file(path);
    must_write(file, 1, {});
    auto text = read_file(path);
    const auto word = format::format_current({format::kLastCount - 1, 1});
    text.replace(format::kCurrentOffset, word.size(), word.data(), word.size());
    folder.write("lease", text);
    const auto seen = std::get<LeaseFile::Content>(file.read());
    const auto last = must_write(file, 2, seen.token);
    CHECK((std::stoull(last.token) & format::kLastCount) == format::kLastCount);
    const auto refused = file.write(object(3), last.token, false);
    REQUIRE(std::holds_alternative<Failure>(refused));
    CHECK_THAT(std::get<Failure>(refused).text, contains("no fencing token is left; delete it"));
    std::filesystem::remove(path);
    CHECK(std::stoull(must_write(file, 1, {}).token) > std::stoull(last.token));
}

TEST_CASE("a leader keeps its pair, candidates give theirs back") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    LeaseFile leader(path);
    auto last = must_write(leader, 1, {});
    std::vector<std::unique_ptr<LeaseFile>> candidates;
    for (int i = 0; i < 60; ++i) {
        auto& candidate = candidates.emplace_back(std::make_unique<LeaseFile>(path));
        CHECK(std::holds_alternative<LeaseFile::Content>(candidate->read()));
        CHECK(std::holds_alternative<Conflict>(candidate->write(object(2), "1", true)));
        last = must_write(leader, 1, last.token);
    }
    // Each takes over from the one before, which notices when it reads.
    for (const auto& candidate : candidates) {
        last = must_write(*candidate, 2, last.token, true);
        CHECK(std::get<LeaseFile::Content>(leader.read()).token == last.token);
        for (const auto& other : candidates) {
            other->read();
        }
    }
    CHECK(std::filesystem::file_size(path) == format::file_size(2));
}

TEST_CASE("with every pair taken writers are told so, and served when one is free") {
    const ScratchFolder folder;
    const auto path = folder.file("lease");
    // Each winner keeps its pair until it looks again: it may be frozen meanwhile.
    std::vector<std::unique_ptr<LeaseFile>> winners;
    std::optional<std::string> last;
    for (unsigned i = 0; i < format::kMaxPairs; ++i) {
        last = must_write(*winners.emplace_back(std::make_unique<LeaseFile>(path)), i, last, true)
                   .token;
    }
    CHECK(std::filesystem::file_size(path) == format::file_size(format::kMaxPairs));
    CHECK(nlohmann::json::accept(read_file(path)));
    LeaseFile late(path);
    CHECK(std::get<LeaseFile::Content>(late.read()).token == *last);
    const auto refused = late.write(object(0), last, true);
    REQUIRE(std::holds_alternative<Failure>(refused));
    CHECK(std::get<Failure>(refused).kind == Failure::Kind::kUnreachable);
    CHECK_THAT(std::get<Failure>(refused).text,
               contains("other processes have locked every place in it, among them process "));
    winners.erase(winners.begin() + 7); // dies
    last = must_write(late, 0, last, true).token;
    CHECK(std::get<LeaseFile::Content>(winners.back()->read()).token == *last);
}

} // namespace le_run::test
