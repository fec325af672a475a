// One Lease on a real API server, and a store for it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "helpers/catch.h"
#include "store/contract.h"
#include "store/kubernetes/kubernetes_store.h"
#include "store/kubernetes_admin.h"

namespace le_run::test {

inline election::LeaseRecord record_of(const std::string& holder, std::int64_t second = 0) {
    constexpr std::int64_t kStart = 1'767'323'045'123'456;
    return {{holder}, 15, WallTime{kStart}, WallTime{kStart + second * 1'000'000}, second};
}

inline const election::Failure& failure_in(const election::ReadOutcome& outcome) {
    INFO(describe(outcome));
    REQUIRE(std::holds_alternative<election::Failure>(outcome));
    return std::get<election::Failure>(outcome);
}

inline const election::Failure& failure_in(const election::WriteOutcome& outcome) {
    INFO(describe(outcome));
    REQUIRE(std::holds_alternative<election::Failure>(outcome));
    return std::get<election::Failure>(outcome);
}

// A lease of a namespace of its own, which the administrator may use.
struct Place {
    KubernetesAdmin admin{shared_api_server()};
    std::string lease_namespace = admin.make_namespace();
    std::string name = fresh_name("lease");
    boost::asio::io_context loop;
    std::unique_ptr<store::LeaseStore> store = admin.store(loop, lease_namespace, name);

    election::ReadOutcome read() { return read_and_wait(loop, *store); }
    election::WriteOutcome write(const election::LeaseRecord& record,
                                 std::optional<election::StoredLease> base) {
        return write_and_wait(loop, *store, record, std::move(base));
    }
    election::Written must_write(const election::LeaseRecord& record,
                                 std::optional<election::StoredLease> base) {
        const auto outcome = write(record, std::move(base));
        INFO(describe(outcome));
        REQUIRE(std::holds_alternative<election::Written>(outcome));
        return std::get<election::Written>(outcome);
    }
    void use(const std::string& user, const std::string& ca = "ca.crt",
             const std::string& path = "") {
        store = kubernetes_store::make_kubernetes_store(loop, admin.config(user, ca, path),
                                                        lease_namespace, name);
    }
};

} // namespace le_run::test
