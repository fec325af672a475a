// The simulated store: one linearizable register with compare-and-write, and its versions.
#pragma once

#include <optional>
#include <string>

#include "election/lease.h"

namespace le_run::sim {

class Register {
public:
    ReadOutcome read() const {
        return lease_ ? ReadOutcome(Found{*lease_}) : ReadOutcome(Absent{});
    }

    WriteOutcome write(const LeaseRecord& record, const std::optional<StoredLease>& base) {
        if (base && !lease_) {
            return Absent{};
        }
        if ((!base && lease_) || (base && base->version != lease_->version)) {
            return Conflict{};
        }
        put(record);
        return Written{*lease_, FencingToken{std::to_string(revision_)}};
    }

    // By hand, past every rule.
    void put(const LeaseRecord& record) {
        lease_ = StoredLease{record, Version{std::to_string(++revision_)}, {}};
    }
    void erase() {
        ++revision_;
        lease_.reset();
    }
    const std::optional<StoredLease>& lease() const { return lease_; }
    std::uint64_t revision() const { return revision_; } // of the last change

private:
    std::uint64_t revision_ = 1000;
    std::optional<StoredLease> lease_;
};

} // namespace le_run::sim
