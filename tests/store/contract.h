// The contract of src/store/lease_store.h as tests, one suite for every store.
//
//   TEST_CASE("the file store keeps the contract") {
//       check_store_contract([] { return std::make_unique<FileUnderTest>(); });
//   }
//
// Each part becomes a Catch2 section with a StoreUnderTest of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "store/lease_store.h"

namespace le_run::test {

// One place for a lease, with nothing in it at first, and what the suite must do behind the
// stores' back. Hooks return when their effect holds; they throw when they fail.
class StoreUnderTest {
public:
    virtual ~StoreUnderTest() = default;

    // The store of one more candidate, all for the same lease.
    virtual std::unique_ptr<store::LeaseStore> make_store(boost::asio::io_context& loop) = 0;

    // As a user would.
    virtual void delete_lease() = 0;

    // The stored Lease object, and a change of it by a program that knows more fields than le-run.
    virtual nlohmann::ordered_json read_raw() = 0;
    virtual void edit_raw(const std::function<void(nlohmann::ordered_json&)>& edit) = 0;

    // From hang() to resume() no request to stores already made is answered. Always called in
    // pairs.
    virtual void hang() = 0;
    virtual void resume() = 0;
};

using MakeStoreUnderTest = std::function<std::unique_ptr<StoreUnderTest>()>;

void check_store_contract(const MakeStoreUnderTest& make);

// Runs the loop until the answer is there. Requires that it comes on the loop's thread, not from
// inside the call.
election::ReadOutcome read_and_wait(boost::asio::io_context& loop, store::LeaseStore& store,
                                    Duration timeout = std::chrono::seconds(60));
election::WriteOutcome write_and_wait(boost::asio::io_context& loop, store::LeaseStore& store,
                                      election::LeaseRecord record,
                                      std::optional<election::StoredLease> base,
                                      Duration timeout = std::chrono::seconds(60));

// "Found HOLDER", "Absent", "Written", "Conflict", "Failure unreachable: ...": for comparing and
// for messages.
std::string describe(const election::ReadOutcome& outcome);
std::string describe(const election::WriteOutcome& outcome);

// Whether one decimal token is greater than another.
bool is_greater(const election::FencingToken& greater, const election::FencingToken& smaller);

} // namespace le_run::test
