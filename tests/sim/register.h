// The simulated store: one linearizable register with compare-and-write, and its versions.
#pragma once

#include <optional>
#include <string>

#include "election/lease.h"

namespace le_run::sim {

class Register {
public:
    election::ReadOutcome read() const {
        return lease_ ? election::ReadOutcome(*lease_) : election::ReadOutcome(election::Absent{});
    }

    election::WriteOutcome write(const election::LeaseRecord& record,
                                 const std::optional<election::StoredLease>& base) {
        if (base && !lease_) {
            return election::Absent{};
        }
        if ((!base && lease_) || (base && base->version != lease_->version)) {
            return election::Conflict{};
        }
        put(record);
        return election::Written{*lease_, election::FencingToken{std::to_string(revision_)}};
    }

    // By hand, past every rule.
    void put(const election::LeaseRecord& record) {
        lease_ = election::StoredLease{record, election::Version{std::to_string(++revision_)}, {}};
    }
    void erase() {
        ++revision_;
        lease_.reset();
    }
    const std::optional<election::StoredLease>& lease() const { return lease_; }
    std::uint64_t revision() const { return revision_; } // of the last change

private:
    std::uint64_t revision_ = 1000;
    std::optional<election::StoredLease> lease_;
};

} // namespace le_run::sim
