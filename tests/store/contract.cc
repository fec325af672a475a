#include "store/contract.h"

#include <thread>
#include <vector>

#include <boost/asio/post.hpp>

#include "helpers/catch.h"
#include "helpers/wait_until.h"

namespace le_run::test {

using namespace le_run::election;
using namespace le_run::store;
namespace {

using namespace std::chrono_literals;

LeaseRecord record_of(const std::string& holder, std::int64_t second = 0) {
    constexpr std::int64_t kStart = 1'767'323'045'123'456;
    LeaseRecord record;
    record.holder.text = holder;
    record.lease_duration_seconds = 15;
    record.acquire_time = WallTime{kStart};
    record.renew_time = WallTime{kStart + second * 1'000'000};
    record.transitions = second;
    return record;
}

template <class Outcome>
Outcome wait_for(boost::asio::io_context& loop,
                 const std::function<void(std::function<void(Outcome)>)>& start) {
    std::optional<Outcome> answer;
    bool inside = true;
    start([&, caller = std::this_thread::get_id()](Outcome outcome) {
        CHECK_FALSE(inside);
        CHECK_FALSE(answer.has_value());
        CHECK(std::this_thread::get_id() == caller);
        answer = std::move(outcome);
    });
    inside = false;
    const auto end = std::chrono::steady_clock::now() + 2 * kPatience;
    loop.restart();
    while (!answer && std::chrono::steady_clock::now() < end) {
        loop.run_one_until(end);
    }
    REQUIRE(answer.has_value());
    return std::move(*answer);
}

// A candidate: a store with its loop.
struct Candidate {
    explicit Candidate(StoreUnderTest& place) : store(place.make_store(loop)) {}

    ReadOutcome read() { return read_and_wait(loop, *store); }
    WriteOutcome write(LeaseRecord record, std::optional<StoredLease> base) {
        return write_and_wait(loop, *store, std::move(record), std::move(base));
    }
    StoredLease must_read() {
        const auto outcome = read();
        INFO(describe(outcome));
        REQUIRE(std::holds_alternative<StoredLease>(outcome));
        return std::get<StoredLease>(outcome);
    }
    Written must_write(LeaseRecord record, std::optional<StoredLease> base) {
        const auto outcome = write(std::move(record), std::move(base));
        INFO(describe(outcome));
        REQUIRE(std::holds_alternative<Written>(outcome));
        return std::get<Written>(outcome);
    }

    boost::asio::io_context loop;
    std::unique_ptr<LeaseStore> store;
};

class Hang {
public:
    explicit Hang(StoreUnderTest& place) : place_(place) { place_.hang(); }
    ~Hang() { end(); }
    Hang(const Hang&) = delete;
    Hang& operator=(const Hang&) = delete;
    void end() {
        if (!ended_) {
            ended_ = true;
            place_.resume();
        }
    }

private:
    StoreUnderTest& place_;
    bool ended_ = false;
};

void absent_at_first(StoreUnderTest& place) {
    Candidate a(place);
    CHECK(describe(a.read()) == "Absent");
}

void reads_what_was_written(StoreUnderTest& place) {
    Candidate a(place);
    Candidate b(place);
    const auto created = a.must_write(record_of("a", 1), {});
    CHECK(created.lease.record == record_of("a", 1));
    const auto seen = b.must_read();
    CHECK(seen.record == record_of("a", 1));
    CHECK(seen.version == created.lease.version);

    const auto renewed = a.must_write(record_of("a", 2), created.lease);
    CHECK(renewed.lease.record == record_of("a", 2));
    CHECK_FALSE(renewed.lease.version == created.lease.version);
    CHECK(b.must_read().record == record_of("a", 2));
    CHECK(b.must_read().version == renewed.lease.version);
    CHECK(b.must_write(record_of("b", 3), b.must_read()).lease.record.holder.text == "b");
    CHECK(a.must_read().record == record_of("b", 3));
}

void create_is_for_absent_only(StoreUnderTest& place) {
    Candidate a(place);
    Candidate b(place);
    const auto created = a.must_write(record_of("a"), {});
    CHECK(describe(b.write(record_of("b"), {})) == "Conflict");
    CHECK(describe(a.write(record_of("a"), {})) == "Conflict");
    CHECK(a.must_read().version == created.lease.version);
}

void stale_base_conflicts(StoreUnderTest& place) {
    Candidate a(place);
    Candidate b(place);
    const auto first = a.must_write(record_of("a", 1), {});
    const auto second = a.must_write(record_of("a", 2), first.lease);
    CHECK(describe(b.write(record_of("b"), first.lease)) == "Conflict");
    CHECK(describe(a.write(record_of("a", 3), first.lease)) == "Conflict");
    CHECK(a.must_read().record == record_of("a", 2));
    CHECK(a.must_read().version == second.lease.version);
    a.must_write(record_of("a", 3), second.lease);
}

void vanished_is_never_recreated(StoreUnderTest& place) {
    Candidate a(place);
    Candidate b(place);
    const auto first = a.must_write(record_of("a"), {});
    place.delete_lease();
    CHECK(describe(a.read()) == "Absent");
    for (Candidate* candidate : {&a, &b}) {
        const std::string answer = describe(candidate->write(record_of("a", 1), first.lease));
        CHECK((answer == "Absent" || answer == "Conflict"));
    }
    CHECK(describe(a.read()) == "Absent");
    CHECK(describe(b.read()) == "Absent");

    // Another one of that name is not the one that was read.
    const auto second = b.must_write(record_of("b"), {});
    CHECK(describe(a.write(record_of("a", 1), first.lease)) == "Conflict");
    CHECK(a.must_read().version == second.lease.version);
}

void tokens_grow(StoreUnderTest& place) {
    Candidate a(place);
    Candidate b(place);
    std::vector<FencingToken> tokens;
    for (int round = 0; round < 3; ++round) {
        auto last = (round % 2 == 0 ? a : b).must_write(record_of("a"), {});
        tokens.push_back(last.token);
        for (int write = 1; write < 5; ++write) {
            auto& writer = write % 2 == 0 ? a : b;
            last = writer.must_write(record_of(write == 3 ? "" : "b", write), last.lease);
            tokens.push_back(last.token);
        }
        place.delete_lease();
    }
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        INFO(i << ": " << tokens[i].text << ", then " << tokens[i + 1].text);
        CHECK(is_greater(tokens[i + 1], tokens[i]));
    }
}

void unknown_fields_survive(StoreUnderTest& place) {
    Candidate a(place);
    const auto first = a.must_write(record_of("a"), {});
    place.edit_raw([](nlohmann::ordered_json& lease) {
        lease["metadata"]["labels"]["app"] = "worker";
        lease["metadata"]["annotations"]["example.org/note"] = "line\nand \"quote\" \xc3\xa4";
    });
    const auto holds = [&] {
        const auto lease = place.read_raw();
        CHECK(lease["metadata"]["labels"]["app"] == "worker");
        CHECK(lease["metadata"]["annotations"]["example.org/note"] ==
              "line\nand \"quote\" \xc3\xa4");
    };
    CHECK(describe(a.write(record_of("a", 1), first.lease)) == "Conflict");
    const auto renewed = a.must_write(record_of("a", 1), a.must_read());
    holds();
    CHECK(place.read_raw()["spec"]["holderIdentity"] == "a");
    a.must_write(record_of("", 2), renewed.lease); // without reading it again
    holds();
    CHECK(a.must_read().record == record_of("", 2));
}

void a_released_record_is_a_record(StoreUnderTest& place) {
    Candidate a(place);
    Candidate b(place);
    const auto first = a.must_write(record_of("a"), {});
    auto released = record_of("", 1);
    released.lease_duration_seconds = 1;
    a.must_write(released, first.lease);
    const auto seen = b.must_read();
    CHECK(seen.record == released);
    CHECK(describe(b.write(record_of("b"), {})) == "Conflict"); // it is there
    b.must_write(record_of("b"), seen);
}

void one_writer_wins(StoreUnderTest& place) {
    constexpr int kWriters = 6;
    boost::asio::io_context loop;
    std::vector<std::unique_ptr<LeaseStore>> stores;
    for (int i = 0; i < kWriters; ++i) {
        stores.push_back(place.make_store(loop));
    }
    std::optional<StoredLease> base;
    for (int round = 0; round < 10; ++round) {
        int answered = 0;
        std::vector<Written> winners;
        for (int i = 0; i < kWriters; ++i) {
            stores[static_cast<std::size_t>(i)]->async_write(
                record_of("writer " + std::to_string(i), round), base, 60s,
                [&](const WriteOutcome& outcome) {
                    ++answered;
                    if (const auto* written = std::get_if<Written>(&outcome)) {
                        winners.push_back(*written);
                    } else {
                        CHECK(describe(outcome) == "Conflict");
                    }
                });
        }
        loop.restart();
        const auto end = std::chrono::steady_clock::now() + 2 * kPatience;
        while (answered < kWriters && std::chrono::steady_clock::now() < end) {
            loop.run_one_until(end);
        }
        REQUIRE(answered == kWriters);
        REQUIRE(winners.size() == 1);
        const auto seen = read_and_wait(loop, *stores[0]);
        REQUIRE(describe(seen) == "Found " + winners[0].lease.record.holder.text);
        CHECK(std::get<StoredLease>(seen).version == winners[0].lease.version);
        base = winners[0].lease;
    }
}

void several_requests_under_way(StoreUnderTest& place) {
    Candidate a(place);
    const auto first = a.must_write(record_of("a"), {});
    int answers = 0;
    for (int i = 0; i < 5; ++i) {
        a.store->async_read(60s, [&](const ReadOutcome& outcome) {
            ++answers;
            CHECK(describe(outcome) == "Found a");
        });
    }
    int writes = 0;
    a.store->async_write(record_of("a", 1), first.lease, 60s, [&](const WriteOutcome& outcome) {
        ++writes;
        CHECK(describe(outcome) == "Written");
    });
    CHECK(answers + writes == 0);
    a.loop.restart();
    const auto end = std::chrono::steady_clock::now() + 2 * kPatience;
    while (answers + writes < 6 && std::chrono::steady_clock::now() < end) {
        a.loop.run_one_until(end);
    }
    CHECK(answers == 5);
    CHECK(writes == 1);
}

void nothing_after_destruction(StoreUnderTest& place) {
    Candidate a(place);
    Candidate other(place);
    const auto first = other.must_write(record_of("a"), {});
    int answers = 0;
    Hang hang(place);
    for (int i = 0; i < 3; ++i) {
        a.store->async_read(60s, [&](const ReadOutcome&) { ++answers; });
        a.store->async_write(record_of("a", i), first.lease, 60s,
                             [&](const WriteOutcome&) { ++answers; });
    }
    a.loop.poll();
    a.store.reset(); // with requests under way: it returns
    hang.end();
    // Another candidate is served meanwhile, so that an answer would have had time to come.
    other.must_read();
    a.loop.restart();
    a.loop.poll();
    CHECK(answers == 0);
}

void a_handler_may_destroy_the_store(StoreUnderTest& place) {
    Candidate a(place);
    int answers = 0;
    for (int i = 0; i < 3; ++i) {
        a.store->async_read(60s, [&](const ReadOutcome& outcome) {
            ++answers;
            CHECK(describe(outcome) == "Absent");
            a.store.reset();
        });
    }
    const auto end = std::chrono::steady_clock::now() + 2 * kPatience;
    while (answers == 0 && std::chrono::steady_clock::now() < end) {
        a.loop.run_one_until(end);
    }
    a.loop.restart();
    a.loop.poll();
    CHECK(answers == 1);
}

void a_request_times_out(StoreUnderTest& place) {
    Candidate a(place);
    const auto first = a.must_write(record_of("a"), {});
    {
        const Hang hang(place);
        const auto start = std::chrono::steady_clock::now();
        const auto read = read_and_wait(a.loop, *a.store, 200ms);
        CHECK(std::chrono::steady_clock::now() - start >= 200ms);
        INFO(describe(read));
        REQUIRE(std::holds_alternative<Failure>(read));
        CHECK(std::get<Failure>(read).kind == Failure::Kind::kUnreachable);
        CHECK_FALSE(std::get<Failure>(read).text.empty());

        const auto write = write_and_wait(a.loop, *a.store, record_of("a", 1), first.lease, 200ms);
        REQUIRE(std::holds_alternative<Failure>(write));
        CHECK(std::get<Failure>(write).kind == Failure::Kind::kUnreachable);
    }
    // The write is unknown: it may have happened, and may yet. In the end one can read and write
    // again.
    std::string last;
    REQUIRE(wait_until([&] {
        const auto read = read_and_wait(a.loop, *a.store);
        last = describe(read);
        if (!std::holds_alternative<StoredLease>(read)) {
            return false;
        }
        last = describe(
            write_and_wait(a.loop, *a.store, record_of("a", 2), std::get<StoredLease>(read)));
        return last == "Written";
    }));
    CHECK(a.must_read().record == record_of("a", 2));
}

// What a watch has told so far, each as describe() has it.
struct Watcher {
    explicit Watcher(Candidate& candidate) : loop(candidate.loop) {
        candidate.store->watch([this](const WatchNews& news) {
            if (const auto* found = std::get_if<StoredLease>(&news)) {
                told.push_back(describe(ReadOutcome(*found)));
                last = *found;
            } else if (std::holds_alternative<Absent>(news)) {
                told.push_back("Absent");
            } else if (const auto* fails = std::get_if<WatchFails>(&news)) {
                told.push_back("fails: " + fails->text);
            } else {
                works = true;
            }
        });
        CHECK_FALSE(works); // never from inside the call
    }
    bool run_until(const std::function<bool()>& fact) {
        const auto end = std::chrono::steady_clock::now() + 2 * kPatience;
        loop.restart();
        while (!fact() && std::chrono::steady_clock::now() < end) {
            loop.run_one_until(end);
        }
        return fact();
    }
    bool is_told(const std::string& what) {
        return run_until([&] { return !told.empty() && told.back() == what; });
    }

    boost::asio::io_context& loop;
    std::vector<std::string> told{};
    std::optional<StoredLease> last{};
    bool works = false;
};

void a_watch_tells(StoreUnderTest& place) {
    Candidate a(place);
    Candidate b(place);
    const auto first = a.must_write(record_of("a", 1), {});
    b.must_read();
    Watcher watcher(b);
    REQUIRE(watcher.run_until([&] { return watcher.works; }));
    const auto second = a.must_write(record_of("a", 2), first.lease);
    REQUIRE(watcher.run_until(
        [&] { return watcher.last && watcher.last->record == record_of("a", 2); }));
    CHECK(watcher.last->version == second.lease.version);
    // What was watched is as good a base for a write as what was read.
    a.must_write(record_of("", 3), second.lease);
    REQUIRE(watcher.is_told("Found "));
    CHECK(describe(b.write(record_of("b", 4), *watcher.last)) == "Written");
    place.delete_lease();
    REQUIRE(watcher.is_told("Absent"));
    a.must_write(record_of("a", 5), {});
    REQUIRE(watcher.is_told("Found a"));
}

void a_watch_ends_with_its_store(StoreUnderTest& place) {
    Candidate a(place);
    Candidate b(place);
    const auto first = a.must_write(record_of("a", 1), {});
    b.must_read();
    Watcher watcher(b);
    REQUIRE(watcher.run_until([&] { return watcher.works; }));
    watcher.told.clear();
    b.store.reset();
    a.must_write(record_of("", 2), first.lease);
    Candidate(place).must_read(); // an event would have had time to come
    b.loop.restart();
    b.loop.poll();
    CHECK(watcher.told.empty());
}

struct Part {
    const char* name;
    void (*run)(StoreUnderTest& place);
};

constexpr Part kParts[] = {
    {"absent at first", absent_at_first},
    {"a read gives what was written", reads_what_was_written},
    {"create is for an absent lease only", create_is_for_absent_only},
    {"a stale base conflicts", stale_base_conflicts},
    {"a vanished lease is not re-created", vanished_is_never_recreated},
    {"fencing tokens grow, over deletions too", tokens_grow},
    {"fields unknown to le-run survive", unknown_fields_survive},
    {"a released record is a record", a_released_record_is_a_record},
    {"of concurrent writers exactly one wins", one_writer_wins},
    {"several requests are under way", several_requests_under_way},
    {"no handler is called after destruction", nothing_after_destruction},
    {"a handler may destroy the store", a_handler_may_destroy_the_store},
    {"a request that is not answered times out", a_request_times_out},
    {"a watch tells of what changes", a_watch_tells},
    {"a watch ends with its store", a_watch_ends_with_its_store},
};

std::string describe_failure(const Failure& failure) {
    constexpr const char* kKinds[] = {"unreachable", "denied", "malformed", "untrusted"};
    return std::string("Failure ") + kKinds[static_cast<int>(failure.kind)] + ": " + failure.text;
}

} // namespace

ReadOutcome read_and_wait(boost::asio::io_context& loop, LeaseStore& store, Duration timeout) {
    return wait_for<ReadOutcome>(loop, [&](LeaseStore::ReadHandler handler) {
        store.async_read(timeout, std::move(handler));
    });
}

WriteOutcome write_and_wait(boost::asio::io_context& loop, LeaseStore& store, LeaseRecord record,
                            std::optional<StoredLease> base, Duration timeout) {
    return wait_for<WriteOutcome>(loop, [&](LeaseStore::WriteHandler handler) {
        store.async_write(std::move(record), std::move(base), timeout, std::move(handler));
    });
}

std::string describe(const ReadOutcome& outcome) {
    if (const auto* found = std::get_if<StoredLease>(&outcome)) {
        return "Found " + found->record.holder.text;
    }
    const auto* failure = std::get_if<Failure>(&outcome);
    return failure != nullptr ? describe_failure(*failure) : "Absent";
}

std::string describe(const WriteOutcome& outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) {
        return describe_failure(*failure);
    }
    return std::holds_alternative<Written>(outcome)    ? "Written"
           : std::holds_alternative<Conflict>(outcome) ? "Conflict"
                                                       : "Absent";
}

bool is_greater(const FencingToken& greater, const FencingToken& smaller) {
    if (greater.text.size() != smaller.text.size()) {
        return greater.text.size() > smaller.text.size();
    }
    return greater.text > smaller.text;
}

void check_store_contract(const MakeStoreUnderTest& make) {
    for (const auto& part : kParts) {
        DYNAMIC_SECTION(part.name) {
            const auto place = make();
            part.run(*place);
        }
    }
}

} // namespace le_run::test
