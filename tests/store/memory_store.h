// A lease in memory: the reference implementation of the store contract, for tests.
//
// Threads: everything runs on the loop's thread; all stores of one MemoryLease share that thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "store/lease_store.h"

namespace le_run::test {

// What the stores share: a register that answers at once.
class MemoryLease {
public:
    election::ReadOutcome read() const;
    election::WriteOutcome write(const election::LeaseRecord& record,
                                 const std::optional<election::StoredLease>& base);

    void delete_lease() {
        object_.reset();
        tell(election::Absent{});
    }
    // The stored object; empty when there is none.
    const std::optional<std::string>& object() const { return object_; }
    // Another program's write.
    void replace_object(const std::string& object);

    // While it hangs requests stay unanswered; resume() does and answers those that did not time
    // out.
    void hang() { hangs_ = true; }
    void resume();

    // For MemoryStore: runs `request` now, or at resume().
    void serve(std::function<void()> request);
    // For MemoryStore: who is told of each change.
    std::vector<std::function<void(const election::WatchNews&)>> watchers;

private:
    void tell(const election::WatchNews& news) const;

    std::optional<std::string> object_;
    std::uint64_t revision_ = 0; // never goes back, so that deletion does not take tokens back
    bool hangs_ = false;
    std::vector<std::function<void()>> held_back_;
};

std::unique_ptr<store::LeaseStore> make_memory_store(boost::asio::io_context& loop,
                                                     std::shared_ptr<MemoryLease> lease);

} // namespace le_run::test
