// One Lease on a real API server, and a store for it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "helpers/catch.h"
#include "store/contract.h"
#include "store/kubernetes_admin.h"

namespace le_run::test {

inline LeaseRecord record_of(const std::string& holder, std::int64_t second = 0) {
    constexpr std::int64_t kStart = 1'767'323'045'123'456;
    return {{holder}, 15, WallTime{kStart}, WallTime{kStart + second * 1'000'000}, second};
}

inline const Failure& failure_in(const ReadOutcome& outcome) {
    INFO(describe(outcome));
    REQUIRE(std::holds_alternative<Failure>(outcome));
    return std::get<Failure>(outcome);
}

inline const Failure& failure_in(const WriteOutcome& outcome) {
    INFO(describe(outcome));
    REQUIRE(std::holds_alternative<Failure>(outcome));
    return std::get<Failure>(outcome);
}

// A lease of a namespace of its own, which the administrator may use.
struct Place {
    KubernetesAdmin admin{shared_api_server()};
    std::string lease_namespace = admin.make_namespace();
    std::string name = fresh_name("lease");
    boost::asio::io_context loop;
    std::unique_ptr<LeaseStore> store = admin.store(loop, lease_namespace, name);

    ReadOutcome read() { return read_and_wait(loop, *store); }
    WriteOutcome write(const LeaseRecord& record, std::optional<StoredLease> base) {
        return write_and_wait(loop, *store, record, std::move(base));
    }
    Written must_write(const LeaseRecord& record, std::optional<StoredLease> base) {
        const auto outcome = write(record, std::move(base));
        INFO(describe(outcome));
        REQUIRE(std::holds_alternative<Written>(outcome));
        return std::get<Written>(outcome);
    }
    void use(const std::string& user, const std::string& ca = "ca.crt",
             const std::string& path = "") {
        store = make_kubernetes_store(loop, admin.config(user, ca, path), lease_namespace, name);
    }
};

} // namespace le_run::test
