#include "store/memory_store.h"

#include <map>
#include <stdexcept>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "store/lease_json.h"

namespace le_run::test {

using namespace le_run::election;
using namespace le_run::store;
namespace {

class MemoryStore : public LeaseStore {
public:
    MemoryStore(boost::asio::io_context& loop, std::shared_ptr<MemoryLease> lease)
        : loop_(loop), lease_(std::move(lease)) {}

    void async_read(Duration timeout, ReadHandler handler, Duration) override {
        submit<ReadOutcome>(timeout, std::move(handler),
                            [lease = lease_] { return lease->read(); });
    }

    void async_write(LeaseRecord record, std::optional<StoredLease> base, Duration timeout,
                     WriteHandler handler, Duration) override {
        submit<WriteOutcome>(timeout, std::move(handler),
                             [lease = lease_, record = std::move(record), base = std::move(base)] {
                                 return lease->write(record, base);
                             });
    }

    void watch(WatchHandler handler) override {
        const std::weak_ptr<Timers> weak = timers_;
        const auto tell = [&loop = loop_, weak, handler](const WatchNews& news) {
            if (weak.expired()) {
                return; // and with the store, perhaps, its loop
            }
            boost::asio::post(loop, [weak, handler, news] {
                if (!weak.expired()) {
                    handler(news);
                }
            });
        };
        lease_->watchers.push_back(tell);
        tell(WatchWorks{});
    }

private:
    // Requests under way, by number: who is not in it has been answered.
    using Timers = std::map<std::uint64_t, boost::asio::steady_timer>;

    template <class Outcome, class Access>
    void submit(Duration timeout, std::function<void(Outcome)> handler, Access access) {
        const auto id = next_id_++;
        const std::weak_ptr<Timers> weak = timers_;
        auto& timer = timers_->emplace(id, boost::asio::steady_timer(loop_, timeout)).first->second;
        timer.async_wait([weak, id, handler](boost::system::error_code error) {
            const auto timers = error ? nullptr : weak.lock();
            if (timers != nullptr && timers->erase(id) == 1) {
                handler(Failure{Failure::Kind::kUnreachable, "the memory did not answer", {}});
            }
        });
        boost::asio::post(loop_, [weak, id, handler, access, lease = lease_] {
            lease->serve([weak, id, handler, access] {
                const auto timers = weak.lock();
                if (timers != nullptr && timers->erase(id) == 1) {
                    handler(access());
                }
            });
        });
    }

    boost::asio::io_context& loop_;
    std::shared_ptr<MemoryLease> lease_;
    std::shared_ptr<Timers> timers_ = std::make_shared<Timers>();
    std::uint64_t next_id_ = 1;
};

} // namespace

ReadOutcome MemoryLease::read() const {
    if (!object_) {
        return Absent{};
    }
    const auto parsed = parse_lease_object(*object_);
    if (const auto* why = std::get_if<Malformed>(&parsed)) {
        return Failure{Failure::Kind::kMalformed, why->text, {}};
    }
    const auto& lease = std::get<LeaseObject>(parsed);
    return StoredLease{lease.record, Version{std::to_string(revision_)}, lease.object};
}

WriteOutcome MemoryLease::write(const LeaseRecord& record, const std::optional<StoredLease>& base) {
    if (base && !object_) {
        return Absent{};
    }
    if (object_ && (!base || base->version.text != std::to_string(revision_))) {
        return Conflict{};
    }
    const auto token = std::to_string(revision_ + 1);
    auto tree = base ? tree_of(*base->object) : new_lease_tree("", "memory");
    edit_lease_tree(tree, record, token);
    ++revision_;
    object_ = dump_json(tree);
    auto found = read();
    if (auto* failure = std::get_if<Failure>(&found)) {
        return *failure;
    }
    tell(std::get<StoredLease>(found));
    return Written{std::get<StoredLease>(found), FencingToken{token}};
}

void MemoryLease::replace_object(const std::string& object) {
    object_ = object;
    ++revision_;
}

void MemoryLease::tell(const WatchNews& news) const {
    for (const auto& watcher : watchers) {
        watcher(news);
    }
}

void MemoryLease::serve(std::function<void()> request) {
    if (hangs_) {
        held_back_.push_back(std::move(request));
    } else {
        request();
    }
}

void MemoryLease::resume() {
    hangs_ = false;
    for (const auto& request : std::exchange(held_back_, {})) {
        request();
    }
}

std::unique_ptr<LeaseStore> make_memory_store(boost::asio::io_context& loop,
                                              std::shared_ptr<MemoryLease> lease) {
    return std::make_unique<MemoryStore>(loop, std::move(lease));
}

} // namespace le_run::test
