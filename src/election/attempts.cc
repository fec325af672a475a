#include "election/attempts.h"

#include <utility>

#include "base/check.h"

namespace le_run::election {
namespace {

struct Answer {
    std::uint64_t number;
    Attempts::Kind kind;
    bool has_failed;
    bool tells_late; // even a late answer of this kind may have news
};

std::optional<Answer> answer_in(const Fact& fact) {
    if (const auto* read = std::get_if<ReadAnswered>(&fact)) {
        const bool has_failed = std::holds_alternative<Failure>(read->outcome);
        return Answer{static_cast<std::uint64_t>(read->attempt), Attempts::Kind::kRead, has_failed,
                      !has_failed};
    }
    if (const auto* write = std::get_if<WriteAnswered>(&fact)) {
        return Answer{static_cast<std::uint64_t>(write->attempt), Attempts::Kind::kWrite,
                      std::holds_alternative<Failure>(write->outcome),
                      std::holds_alternative<Written>(write->outcome)};
    }
    return std::nullopt;
}

} // namespace

Attempt Attempts::send(Kind kind, TimePoint now) {
    LE_CHECK(!awaited_);
    awaited_ = Sent{Attempt{++last_}, kind, now};
    if (kind == Kind::kWrite) {
        last_write_ = last_;
        first_write_ = first_write_ > forgotten_ ? first_write_ : last_;
    }
    ++unanswered_;
    return awaited_->number;
}

Attempts::Sent Attempts::stop_waiting() {
    LE_CHECK(awaited_);
    return *std::exchange(awaited_, std::nullopt);
}

bool Attempts::is_awaited(const Fact& fact) const {
    const auto answer = answer_in(fact);
    return answer && awaited_ && awaited_->number == Attempt{answer->number};
}

bool Attempts::counts(const Fact& fact) const {
    const auto answer = answer_in(fact);
    if (!answer || is_awaited(fact)) {
        return true;
    }
    const bool is_newest = answer->number > forgotten_ && answer->number <= last_ &&
                           (answer->kind == Kind::kWrite || answer->number > first_write_);
    return answer->tells_late && is_newest;
}

bool Attempts::is_late_failure(const Fact& fact) const {
    const auto answer = answer_in(fact);
    return answer && answer->has_failed && !is_awaited(fact) && answer->number > forgotten_ &&
           answer->number <= last_;
}

void Attempts::forget() {
    forgotten_ = last_;
    answered();
}

void Attempts::answered() {
    awaited_.reset();
    unanswered_ = 0;
}

Attempts::Kind Attempts::beside() const {
    const int place = unanswered_ % 5;
    return place == 2 || place == 4 ? Kind::kRead : Kind::kWrite;
}

} // namespace le_run::election
