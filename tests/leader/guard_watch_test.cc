#include "leader/guard_watch.h"

#include "helpers/catch.h"

using namespace le_run;
using namespace le_run::leader;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = GuardWatch::Verdict;

namespace {

TimePoint at(Duration d) { return TimePoint(seconds(500), seconds(700)) + d; }

Duration until_due(const GuardWatch& watch, Duration now) {
    return left_for_holder(at(now), watch.due());
}

// Asks whenever it is due, each time `late`, without an answer; until there is another verdict than
// kFine, or `end`.
struct Outcome {
    Verdict verdict = Verdict::kFine;
    Duration when{};
};
Outcome ask_in_vain(GuardWatch& watch, Duration from, Duration end, Duration late = {},
                    Verdict wanted = Verdict::kEnd) {
    for (Duration now = from; now < end; now += until_due(watch, now) + late) {
        const Verdict verdict = watch.look(at(now));
        if (verdict == wanted) {
            return {verdict, now};
        }
        watch.asked(at(now), true);
    }
    return {Verdict::kFine, end};
}

void answer(GuardWatch& watch, Duration now, bool is_killing = false) {
    watch.answered(at(now), watch.next_number() - 1, is_killing);
}

// One that was asked at `now` and has answered.
GuardWatch sound_at(Duration now, TimePoint urgent_at, bool is_killing = false) {
    GuardWatch watch;
    watch.started(at(now), urgent_at, urgent_at);
    CHECK(watch.look(at(now)) == Verdict::kFine);
    watch.asked(at(now), true);
    answer(watch, now, is_killing);
    return watch;
}

} // namespace

TEST_CASE("a silent guard is continued after three seconds and ended after six, far from the end") {
    GuardWatch watch = sound_at(seconds(0), TimePoint::far_future());
    GuardWatch same = watch;
    const Outcome continued = ask_in_vain(watch, seconds(2), seconds(60), {}, Verdict::kContinue);
    CHECK(continued.verdict == Verdict::kContinue);
    CHECK(continued.when == seconds(5));
    const Outcome ended = ask_in_vain(same, seconds(2), seconds(60));
    CHECK(ended.verdict == Verdict::kEnd);
    CHECK(ended.when == seconds(8));
}

TEST_CASE(
    "once the lease may end half a lambda of silence is enough, and is counted from then on") {
    for (const Duration lambda : {Duration(seconds(1)), Duration(seconds(4))}) {
        GuardWatch watch = sound_at(seconds(9), at(seconds(10)));
        watch.set_lambda(lambda);
        const Outcome ended = ask_in_vain(watch, milliseconds(9125), seconds(60));
        CHECK(ended.verdict == Verdict::kEnd);
        CHECK(ended.when == seconds(10) + lambda / 2);
    }
}

TEST_CASE("a guard that has begun to kill may be silent for a lambda, but not past its time") {
    const auto killing = [] { return sound_at(milliseconds(10'100), at(seconds(10)), true); };
    GuardWatch hung = killing();
    const Outcome ended = ask_in_vain(hung, milliseconds(10'225), seconds(60));
    CHECK(ended.verdict == Verdict::kEnd);
    CHECK(ended.when >= milliseconds(10'875));
    CHECK(ended.when <= seconds(11));
    // Later a quarter of a lambda is enough; a guard that answers is never ended.
    GuardWatch busy = killing();
    Duration now = milliseconds(10'225);
    for (; now < seconds(30); now += milliseconds(200)) {
        CHECK(ask_in_vain(busy, now, now + milliseconds(200)).verdict == Verdict::kFine);
        answer(busy, now + milliseconds(200), true);
    }
    const Outcome late = ask_in_vain(busy, now, seconds(60));
    CHECK(late.verdict == Verdict::kEnd);
    CHECK(late.when <= now + milliseconds(500));
}

TEST_CASE("le-run's own lateness is no silence of the guard, but time does not wait for ever") {
    // Each wake-up comes 200 ms late: of 325 ms only 125 ms were asked for.
    GuardWatch watch = sound_at(milliseconds(10'400), at(seconds(10)));
    watch.set_lambda(seconds(2));
    const Outcome ended = ask_in_vain(watch, milliseconds(10'525), seconds(60), milliseconds(200));
    CHECK(ended.verdict == Verdict::kEnd);
    CHECK(ended.when > milliseconds(12'000));
    CHECK(ended.when <= milliseconds(10'525) + seconds(2) + milliseconds(325));
    // After a pause of le-run's the silence of before proves nothing.
    GuardWatch paused = sound_at(seconds(9), at(seconds(10)));
    CHECK(ask_in_vain(paused, milliseconds(9'125), seconds(10)).verdict == Verdict::kFine);
    CHECK(paused.look(at(seconds(20))) == Verdict::kFine);
    paused.asked(at(seconds(20)), true);
    CHECK(paused.look(at(milliseconds(20'400))) == Verdict::kFine);
}

TEST_CASE("a ping that the kernel refused is no silence, unless the time is over") {
    GuardWatch watch = sound_at(seconds(0), at(seconds(100)));
    for (int i = 2; i < 100; ++i) {
        CHECK(watch.look(at(seconds(i))) == Verdict::kFine);
        watch.asked(at(seconds(i)), false);
        CHECK(until_due(watch, seconds(i)) <= GuardWatch::kPingUnanswered);
    }
    Verdict verdict = Verdict::kFine;
    for (Duration now = seconds(100); now < seconds(102) && verdict == Verdict::kFine;
         now += until_due(watch, now)) {
        verdict = watch.look(at(now));
        watch.asked(at(now), false);
    }
    CHECK(verdict == Verdict::kEnd);
}

TEST_CASE("a guard is asked rarely, and often before the end") {
    GuardWatch watch;
    const auto after_an_answer = [&](Duration now) {
        watch.asked(at(now), true);
        CHECK(until_due(watch, now) <= GuardWatch::kPingUnanswered);
        answer(watch, now);
        return until_due(watch, now);
    };
    CHECK(after_an_answer(seconds(0)) == GuardWatch::kPingWithoutRun);
    watch.started(at(seconds(0)), at(seconds(20)), at(seconds(20)));
    CHECK(until_due(watch, seconds(0)) == GuardWatch::kPingUnanswered);
    CHECK(after_an_answer(seconds(0)) == GuardWatch::kPingDuringRun);
    CHECK(after_an_answer(seconds(17)) == seconds(2));
    CHECK(after_an_answer(seconds(19)) == GuardWatch::kPingNearTheEnd);
    CHECK(after_an_answer(seconds(30)) == GuardWatch::kPingNearTheEnd);
    watch.run_is_over();
    CHECK(after_an_answer(seconds(30)) == GuardWatch::kPingWithoutRun);
}

TEST_CASE("an extension takes a ping along, but not each of many") {
    GuardWatch watch = sound_at(seconds(0), at(seconds(20)));
    watch.extended(at(milliseconds(500)), at(seconds(21)), at(seconds(21)));
    CHECK(until_due(watch, seconds(0)) == GuardWatch::kPingDuringRun);
    watch.extended(at(seconds(2)), at(seconds(22)), at(seconds(22)));
    CHECK(until_due(watch, seconds(2)) == Duration::zero());
    watch.asked(at(seconds(2)), true);
    answer(watch, seconds(2));
    watch.extended(at(milliseconds(2100)), at(seconds(15)), at(seconds(15))); // earlier than before
    CHECK(until_due(watch, milliseconds(2100)) == GuardWatch::kPingUnanswered);
}
