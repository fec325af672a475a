// What a record costs on its way between bytes and StoredLease, one way each: forms.sh counts the
// instructions of this program.
//
//   bench-forms watch|renewal|file-renewal|file-read COUNT
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <boost/asio/io_context.hpp>

#include "store/file/file_store.h"
#include "store/kubernetes/lease_api.h"
#include "store/kubernetes/watch_event.h"

using namespace le_run;
using namespace le_run::election;

namespace {

// As kube-apiserver sends it, with the fields that it keeps for itself.
std::string lease(const std::string& version, const std::string& renew_time) {
    return R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"worker",)"
           R"("namespace":"batch","uid":"0b7c1d1e-6a53-4f0e-8f2c-0d3cf8a4c1d7","resourceVersion":")" +
           version +
           R"(","creationTimestamp":"2026-11-28T10:00:00Z","managedFields":[{"manager":"le-run",)"
           R"("operation":"Update","apiVersion":"coordination.k8s.io/v1","time":)"
           R"("2026-11-28T10:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":)"
           R"({"f:acquireTime":{},"f:holderIdentity":{},"f:leaseDurationSeconds":{},)"
           R"("f:leaseTransitions":{},"f:renewTime":{}}}}]},"spec":{"holderIdentity":)"
           R"("worker-6d5f7c8b9-x2x7k_3f6c","leaseDurationSeconds":15,"acquireTime":)"
           R"("2026-11-28T10:00:00.000000Z","renewTime":")" +
           renew_time + R"(","leaseTransitions":4}})";
}

template <class Value, class Variant>
Value must(Variant&& outcome) {
    if (!std::holds_alternative<Value>(outcome)) {
        throw std::runtime_error("another answer than the one that was wanted");
    }
    return std::get<Value>(std::forward<Variant>(outcome));
}

// Sends nothing: what answers mean.
kubernetes_store::LeaseApi make_api(boost::asio::io_context& loop) {
    kubernetes::ClusterConfig config;
    config.endpoint.host = "127.0.0.1";
    config.endpoint.tls = false;
    return {loop, std::move(config), "batch", "worker", [](const std::string&) {}};
}

// The bytes of an event to the news that the election gets.
void watch(int count) {
    boost::asio::io_context loop;
    const auto api = make_api(loop);
    const std::string bytes =
        R"({"type":"MODIFIED","object":)" + lease("4711", "2026-11-28T10:00:02.000000Z") + "}\n";
    kubernetes_store::LineSplitter lines;
    for (int i = 0; i < count; ++i) {
        for (const auto& line : lines.add(bytes)) {
            auto event =
                must<kubernetes_store::WatchEvent>(kubernetes_store::parse_watch_event(line));
            const WatchNews news = must<StoredLease>(api.stored_lease(std::move(event.lease)));
            must<StoredLease>(news);
        }
    }
}

// The record to the bytes of the request, and the bytes of the answer to the stored lease.
void renewal(int count) {
    boost::asio::io_context loop;
    const auto api = make_api(loop);
    const auto answered = [](const std::string& body) {
        net::HttpResponse response;
        response.status = 200;
        response.body = body;
        return net::HttpResult(std::move(response));
    };
    StoredLease base =
        must<StoredLease>(api.read_outcome(answered(lease("4711", "2026-11-28T10:00:02.000000Z"))));
    for (int i = 0; i < count; ++i) {
        LeaseRecord record = base.record;
        record.renew_time->microseconds += 2'000'000;
        const std::string body = store::edit_lease_object(*base.object, record, base.version.text);
        base = must<Written>(api.write_outcome("update", record, answered(body))).lease;
    }
}

// A lock file, its accesses by the store itself, with its thread and system calls.
class File {
public:
    File() {
        if (::mkdtemp(folder_) == nullptr) {
            throw std::runtime_error("no folder in /tmp");
        }
        store_ = file_store::make_file_store(loop_, std::string(folder_) + "/lease");
        LeaseRecord record;
        record.holder.text = "worker-6d5f7c8b9-x2x7k_3f6c";
        record.lease_duration_seconds = 15;
        record.acquire_time = record.renew_time = WallTime{1'795'860'000'000'000};
        record.renewed_at = TimePoint(std::chrono::hours(1), std::chrono::hours(1));
        lease_ = write(record, std::nullopt);
    }
    ~File() {
        store_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    void renew() {
        LeaseRecord record = lease_.record;
        record.renew_time->microseconds += 2'000'000;
        record.renewed_at = *record.renewed_at + std::chrono::seconds(2);
        lease_ = write(record, lease_);
    }
    void read() {
        store_->async_read(
            kTimeout, [&](ReadOutcome outcome) { lease_ = must<StoredLease>(std::move(outcome)); });
        loop_.restart();
        loop_.run();
    }

private:
    static constexpr Duration kTimeout = std::chrono::minutes(10);

    StoredLease write(const LeaseRecord& record, const std::optional<StoredLease>& base) {
        StoredLease written;
        store_->async_write(record, base, kTimeout, [&](WriteOutcome outcome) {
            written = must<Written>(std::move(outcome)).lease;
        });
        loop_.restart();
        loop_.run();
        return written;
    }

    char folder_[32] = "/tmp/le-run-forms-XXXXXX";
    boost::asio::io_context loop_;
    std::unique_ptr<store::LeaseStore> store_;
    StoredLease lease_;
};

} // namespace

int main(int argc, char** argv) {
    const std::string what = argc == 3 ? argv[1] : "";
    const int count = argc == 3 ? std::atoi(argv[2]) : 0;
    try {
        if (what == "watch") {
            watch(count);
        } else if (what == "renewal") {
            renewal(count);
        } else if (what == "file-renewal" || what == "file-read") {
            File file;
            for (int i = 0; i < count; ++i) {
                what == "file-read" ? file.read() : file.renew();
            }
        } else {
            throw std::runtime_error("watch, renewal, file-renewal or file-read, and a count");
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench-forms: %s\n", error.what());
        return 1;
    }
}
