// A lease in a local file: the register of lease_file.h with the asynchronous contract of
// lease_store.h. Each slot of the register has a Lease object like that of Kubernetes. Its
// metadata.resourceVersion is the version and fencing token of the write. A field beside the Lease
// says when it was sent (renewal.h).
//
// Threads: only the accesses run on another thread (access_thread.h); the rest runs on the loop's.
#include "store/file/file_store.h"

#include <map>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "store/file/access_thread.h"
#include "store/file/boot.h"
#include "store/file/file_place.h"
#include "store/file/file_watch.h"
#include "store/file/renewal.h"
#include "store/lease_json.h"

namespace le_run::file_store {
namespace {

election::Failure malformed(const std::string& path, const store::Malformed& why) {
    return {election::Failure::Kind::kMalformed,
            path + ": the lease in it cannot be read: " + why.text,
            {}};
}

election::StoredLease stored_lease(store::LeaseObject lease, std::string token,
                                   const std::optional<std::string>& boot) {
    lease.record.renewed_at = renewal_in(store::tree_of(*lease.object), token, boot);
    return {std::move(lease.record), election::Version{std::move(token)}, std::move(lease.object)};
}

election::ReadOutcome read_lease(LeaseFile& file, const std::string& path) {
    auto result = file.read();
    if (auto* const content = std::get_if<LeaseFile::Content>(&result)) {
        auto parsed = store::parse_lease_object(content->object);
        if (const auto* const why = std::get_if<store::Malformed>(&parsed)) {
            return malformed(path, *why);
        }
        return stored_lease(std::get<store::LeaseObject>(std::move(parsed)),
                            std::move(content->token), this_boot());
    }
    if (auto* const failure = std::get_if<election::Failure>(&result)) {
        return std::move(*failure);
    }
    return election::Absent{};
}

// The bytes of `tree`, without the instant of the send if it does not fit: an object that others
// made large has no room for it.
std::string bytes_of(nlohmann::ordered_json& tree, const std::string& token) {
    auto bytes = store::dump_json(tree);
    if (bytes.size() > lease_file_format::kSlotCapacity) {
        set_renewal(tree, token, {}, {});
        bytes = store::dump_json(tree);
    }
    return bytes;
}

election::WriteOutcome write_lease(LeaseFile& file, const std::string& path,
                                   const election::LeaseRecord& record,
                                   const std::optional<election::StoredLease>& base) {
    LE_CHECK(!base || base->object != nullptr);
    election::StoredLease made; // the lease that a reader will see
    const auto make_object = [&](const std::string& token) {
        auto tree = base ? store::tree_of(*base->object) : store::new_lease_tree("", name_of(path));
        store::edit_lease_tree(tree, record, token);
        const auto boot = this_boot();
        set_renewal(tree, token, boot, record.renewed_at);
        auto bytes = bytes_of(tree, token);
        auto lease = store::lease_object_of(std::move(tree));
        if (const auto* const why = std::get_if<store::Malformed>(&lease)) {
            throw FileError(malformed(path, *why));
        }
        made = stored_lease(std::get<store::LeaseObject>(std::move(lease)), token, boot);
        return bytes;
    };
    // After a power failure, a lost renewal does no harm, but a lost change of the holder would.
    const bool durable = !base || base->record.holder != record.holder ||
                         base->record.acquire_time != record.acquire_time;
    auto result =
        file.write(make_object, base ? std::optional(base->version.text) : std::nullopt, durable);
    if (auto* const content = std::get_if<LeaseFile::Content>(&result)) {
        return election::Written{std::move(made),
                                 election::FencingToken{std::move(content->token)}};
    }
    if (std::holds_alternative<election::Conflict>(result)) {
        return election::Conflict{};
    }
    if (auto* const failure = std::get_if<election::Failure>(&result)) {
        return std::move(*failure);
    }
    return election::Absent{};
}

constexpr Duration kLookTimeout = std::chrono::seconds(5);
constexpr Duration kWatchAgain = std::chrono::seconds(1);

class FileStore : public store::LeaseStore {
public:
    FileStore(boost::asio::io_context& loop, const std::string& path)
        : loop_(loop), path_(path), shell_(std::make_shared<Shell>(loop, path)),
          watch_(loop, path, [this] { look(); }, [this] { place_watch(); }), watch_again_(loop) {}

    ~FileStore() override { shell_->requests.clear(); }

    void async_read(Duration timeout, ReadHandler handler, Duration late) override {
        const auto answer = [this, handler = std::move(handler)](election::ReadOutcome outcome) {
            if (const auto* const found = std::get_if<election::StoredLease>(&outcome)) {
                is_current(found->version);
            }
            handler(std::move(outcome));
        };
        submit<election::ReadOutcome>(timeout, late, answer, [path = path_](LeaseFile& file) {
            return read_lease(file, path);
        });
    }

    void async_write(election::LeaseRecord record, std::optional<election::StoredLease> base,
                     Duration timeout, WriteHandler handler, Duration late) override {
        const auto answer = [this, handler = std::move(handler)](election::WriteOutcome outcome) {
            if (const auto* const written = std::get_if<election::Written>(&outcome)) {
                current_ = written->lease.version;
            }
            handler(std::move(outcome));
        };
        submit<election::WriteOutcome>(
            timeout, late, answer,
            [path = path_, record = std::move(record), base = std::move(base)](LeaseFile& file) {
                return write_lease(file, path, record, base);
            });
    }

    void watch(WatchHandler handler) override {
        watched_ = std::move(handler);
        place_watch();
    }

private:
    enum class Look { kNone, kUnderWay, kAgain };
    enum class Watch { kNone, kWorks, kFails };

    // Runs on the access thread, because it asks the file system.
    void place_watch() {
        if (std::exchange(is_placing_watch_, true)) {
            return; // the placing in progress sees the move, or a further event tells it
        }
        shell_->thread.start(next_id_++, [this, weak = std::weak_ptr<Shell>(shell_), path = path_,
                                          work = boost::asio::make_work_guard(loop_)](LeaseFile&) {
            const auto placed = std::make_shared<FileWatch::Placed>(FileWatch::place(path));
            return [this, weak, placed, work] {
                if (const auto shell = weak.lock()) {
                    watch_placed(std::move(*placed));
                }
            };
        });
    }

    void watch_placed(FileWatch::Placed placed) {
        is_placing_watch_ = false;
        const std::string trouble = placed.trouble;
        watch_.follow(std::move(placed));
        const Watch before = std::exchange(state_, trouble.empty() ? Watch::kWorks : Watch::kFails);
        if (state_ == Watch::kFails) {
            watch_again_.expires_after(kWatchAgain);
            watch_again_.async_wait([this](boost::system::error_code cancelled) {
                if (!cancelled) {
                    place_watch();
                }
            });
        }
        if (state_ == Watch::kFails && before != Watch::kFails) {
            watched_(election::WatchFails{trouble});
        } else if (state_ == Watch::kWorks && before != Watch::kWorks) {
            watched_(election::WatchWorks{});
        } else if (state_ == Watch::kWorks) {
            look(); // the path may lead to another file
        }
    }

    // A new version without an event: something may be mounted over the watched path.
    void is_current(const election::Version& version) {
        const bool is_new = std::exchange(current_, version) != version;
        if (is_new && look_ == Look::kNone && state_ == Watch::kWorks) {
            place_watch();
        }
    }

    // Changes that come during a read lead to one more read.
    void look() {
        if (look_ != Look::kNone) {
            look_ = Look::kAgain;
            return;
        }
        look_ = Look::kUnderWay;
        const auto seen = [this](election::ReadOutcome outcome) {
            const bool again = std::exchange(look_, Look::kNone) == Look::kAgain;
            if (auto* const found = std::get_if<election::StoredLease>(&outcome)) {
                watched_(std::move(*found));
            } else if (std::holds_alternative<election::Absent>(outcome)) {
                watched_(election::Absent{});
            }
            if (again) {
                look();
            }
        };
        async_read(kLookTimeout, seen, {});
    }

    struct Request {
        std::variant<ReadHandler, WriteHandler> handler;
        boost::asio::steady_timer timer; // keeps the loop running until the answer
    };

    // The state that answers use, if the store still lives.
    struct Shell {
        Shell(boost::asio::io_context& loop, const std::string& path) : thread(loop, path) {}

        template <class Outcome>
        void answer(std::uint64_t id, Outcome outcome) {
            const auto found = requests.find(id);
            if (found == requests.end()) {
                return; // the request timed out before
            }
            auto handler = std::move(std::get<std::function<void(Outcome)>>(found->second.handler));
            requests.erase(found);
            handler(std::move(outcome));
        }

        // Answers, and keeps the request open for a late answer.
        template <class Outcome>
        void answer_for_now(std::uint64_t id, Outcome outcome) {
            const auto found = requests.find(id);
            if (found != requests.end()) {
                const auto handler = std::get<std::function<void(Outcome)>>(found->second.handler);
                handler(std::move(outcome));
            }
        }

        AccessThread thread;
        std::map<std::uint64_t, Request> requests;
    };

    template <class Outcome, class Access>
    void submit(Duration timeout, Duration late, std::function<void(Outcome)> handler,
                Access access) {
        const auto id = next_id_++;
        const std::weak_ptr<Shell> weak = shell_;
        const auto [place, fresh] = shell_->requests.emplace(
            id, Request{std::move(handler), boost::asio::steady_timer(loop_, timeout)});
        LE_CHECK(fresh);
        place->second.timer.async_wait(
            [this, weak, id, left = late - timeout](boost::system::error_code error) {
                const auto shell = error ? nullptr : weak.lock();
                if (shell == nullptr || shell->requests.count(id) == 0) {
                    return;
                }
                const Outcome slow =
                    election::Failure{election::Failure::Kind::kUnreachable,
                                      path_ + ": the file system did not answer in time",
                                      {}};
                if (shell->thread.withdraw(id) || left <= Duration::zero()) {
                    shell->answer(id, slow);
                    return;
                }
                auto& timer = shell->requests.at(id).timer;
                timer.expires_after(left);
                timer.async_wait([weak, id](boost::system::error_code cancelled) {
                    const auto still = cancelled ? nullptr : weak.lock();
                    if (still != nullptr) {
                        still->requests.erase(id);
                    }
                });
                shell->answer_for_now(id, slow);
            });
        shell_->thread.start(id, [weak, id, access = std::move(access)](LeaseFile& file) {
            return [weak, id, outcome = Outcome(access(file))]() mutable {
                if (const auto shell = weak.lock()) {
                    shell->answer(id, std::move(outcome));
                }
            };
        });
    }

    boost::asio::io_context& loop_;
    const std::string path_;
    std::shared_ptr<Shell> shell_; // shared only while an answer is given
    std::uint64_t next_id_ = 1;
    WatchHandler watched_;
    Look look_ = Look::kNone;
    Watch state_ = Watch::kNone;
    bool is_placing_watch_ = false;
    std::optional<election::Version> current_; // last read or written
    FileWatch watch_;
    boost::asio::steady_timer watch_again_;
};

} // namespace

std::unique_ptr<store::LeaseStore> make_file_store(boost::asio::io_context& loop,
                                                   const std::string& path) {
    check_file_place(path);
    return std::make_unique<FileStore>(loop, path);
}

store::OpenedLock open(boost::asio::io_context& loop, const FileLock& lock,
                       const store::Surroundings&) {
    return {make_file_store(loop, lock.path), std::string(FileLock::kScheme) + lock.path};
}

boost::asio::io_context& loop_for(const FileLock&) { return *new boost::asio::io_context(1); }

} // namespace le_run::file_store
