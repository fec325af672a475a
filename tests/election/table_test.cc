// Every fact in every state: what is wanted, and where it leads. A line that is not here is not
// allowed to happen.
#include "helpers/catch.h"

#include <functional>

#include "election/driver.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;
using State = Election::State;
using Lines = std::vector<std::string>;

struct Row {
    const char* state;
    const char* fact;
    std::function<Lines(Driver&)> apply;
    Lines wanted;
    State then;
};

Failure failure(Failure::Kind kind) { return {kind, "trouble", {}}; }
const auto kUnreachable = Failure::Kind::kUnreachable;

Lines asked(Driver& d) { return d.step(StepDownAsked{StepDownReason::kAsked}); }
Lines guard_lost(Driver& d) { return d.step(StepDownAsked{StepDownReason::kGuardLost}); }
Lines tick(Driver& d) { return d.tick(); }
// What is late once says nothing yet.
Lines late(Driver& d, Duration by = 1s) {
    CHECK(d.step(WokeLate{by}).empty());
    return d.step(WokeLate{by});
}
Lines late_twice(Driver& d) { return late(d); }
Lines stale_read(Driver& d) { return d.step(ReadAnswered{Attempt{9999}, Absent{}}); }
Lines stale_write(Driver& d) { return d.step(WriteAnswered{Attempt{9999}, Conflict{}}); }

// Leading or stopping: the renewal is due and under way.
Lines renewing(Driver& d) {
    d.pass(2s);
    return d.tick();
}

// Leading or stopping: a renewal had no answer, and the read that tells is under way.
void in_doubt(Driver& d) {
    renewing(d);
    d.write(failure(kUnreachable));
    d.pass(500ms);
    d.tick();
}

void become(Driver& d, const std::string& state) {
    state == "standby"     ? d.become_standby()
    : state == "acquiring" ? d.become_acquiring()
    : state == "leading"   ? d.become_leading()
    : state == "stopping"  ? d.become_stopping()
                           : d.become_releasing();
}

void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        DYNAMIC_SECTION(row.state << ": " << row.fact) {
            Driver d;
            become(d, row.state);
            CHECK(row.apply(d) == row.wanted);
            CHECK(state_name(d.election().state()) == state_name(row.then));
        }
    }
}

} // namespace

TEST_CASE("every fact on standby", "[election]") {
    const auto reading = [](auto&& then) {
        return [then](Driver& d) {
            d.pass(3s);
            REQUIRE(d.tick() == Lines{"read"});
            return then(d);
        };
    };
    check({
        {"standby", "tick before the poll", tick, {}, State::kStandby},
        {"standby",
         "tick at the poll",
         [](Driver& d) {
             d.pass(3s);
             return d.tick();
         },
         {"read"},
         State::kStandby},
        {"standby",
         "tick at the expiry",
         [](Driver& d) {
             d.pass(15s);
             return d.tick();
         },
         {"acquire over v101"},
         State::kAcquiring},
        {"standby",
         "read: renewed",
         reading([](Driver& d) { return d.read(d.lease_of("other")); }),
         {"report new-leader other"},
         State::kStandby},
        {"standby",
         "read: another holder",
         reading([](Driver& d) { return d.read(d.lease_of("third")); }),
         {"report new-leader third"},
         State::kStandby},
        {"standby",
         "read: my identity, not my write",
         reading([](Driver& d) { return d.read(d.lease_of("me")); }),
         {"report new-leader me"},
         State::kStandby},
        {"standby",
         "read: a year",
         reading([](Driver& d) { return d.read(d.lease_of("third", 31536000)); }),
         {"report new-leader third", "report long-duration third"},
         State::kStandby},
        {"standby",
         "read: released",
         reading([](Driver& d) { return d.read(d.lease_of("", 1)); }),
         {"acquire over v102"},
         State::kAcquiring},
        {"standby",
         "read: vanished",
         reading([](Driver& d) { return d.read(Absent{}); }),
         {"report vanished other"},
         State::kStandby},
        {"standby",
         "read: unreachable",
         reading([](Driver& d) { return d.read(failure(kUnreachable)); }),
         {"report store-trouble"},
         State::kStandby},
        {"standby",
         "read: denied",
         reading([](Driver& d) { return d.read(failure(Failure::Kind::kDenied)); }),
         {"report store-trouble"},
         State::kStandby},
        {"standby",
         "read: malformed",
         reading([](Driver& d) { return d.read(failure(Failure::Kind::kMalformed)); }),
         {"report store-trouble"},
         State::kStandby},
        {"standby",
         "read: untrusted",
         reading([](Driver& d) { return d.read(failure(Failure::Kind::kUntrusted)); }),
         {"report store-trouble"},
         State::kStandby},
        {"standby",
         "read: no answer",
         reading([](Driver& d) {
             d.pass(2s);
             return d.tick();
         }),
         {"report store-trouble", "read"},
         State::kStandby},
        {"standby", "stale read", stale_read, {}, State::kStandby},
        {"standby", "stale write", stale_write, {}, State::kStandby},
        {"standby", "asked to step down", asked, {"finish stopped"}, State::kDone},
        {"standby", "guard lost", guard_lost, {"finish guard-lost"}, State::kDone},
        {"standby", "margin", late_twice, {"report margin-grown"}, State::kStandby},
    });
}

TEST_CASE("every fact while acquiring", "[election]") {
    check({
        {"acquiring", "tick", tick, {}, State::kAcquiring},
        {"acquiring",
         "written",
         [](Driver& d) { return d.written(); },
         {"report acquired", "start token 101 term 10s kill 12.97s"},
         State::kLeading},
        {"acquiring",
         "written late",
         [](Driver& d) {
             d.pass(1s);
             return d.written();
         },
         {"report acquired", "start token 101 term 9s kill 11.97s"},
         State::kLeading},
        {"acquiring",
         "written too late to start",
         [](Driver& d) {
             d.pass(10s);
             return d.written();
         },
         {"read"},
         State::kStandby},
        {"acquiring",
         "conflict",
         [](Driver& d) { return d.write(Conflict{}); },
         {"read"},
         State::kStandby},
        {"acquiring",
         "vanished",
         [](Driver& d) { return d.write(Absent{}); },
         {"read"},
         State::kStandby},
        {"acquiring",
         "unknown",
         [](Driver& d) { return d.write(failure(kUnreachable)); },
         {"report store-trouble"},
         State::kStandby},
        {"acquiring",
         "denied",
         [](Driver& d) { return d.write(failure(Failure::Kind::kDenied)); },
         {"report store-trouble"},
         State::kStandby},
        {"acquiring",
         "malformed",
         [](Driver& d) { return d.write(failure(Failure::Kind::kMalformed)); },
         {"finish unusable"},
         State::kDone},
        {"acquiring",
         "untrusted",
         [](Driver& d) { return d.write(failure(Failure::Kind::kUntrusted)); },
         {"finish unusable"},
         State::kDone},
        {"acquiring",
         "no answer",
         [](Driver& d) {
             d.pass(2s);
             return d.tick();
         },
         {"report store-trouble", "read"},
         State::kStandby},
        {"acquiring", "stale read", stale_read, {}, State::kAcquiring},
        {"acquiring", "stale write", stale_write, {}, State::kAcquiring},
        {"acquiring", "asked to step down", asked, {}, State::kAcquiring},
        {"acquiring",
         "asked, then won",
         [](Driver& d) {
             asked(d);
             return d.written();
         },
         {"read"},
         State::kReleasing},
        {"acquiring",
         "asked, then not won",
         [](Driver& d) {
             asked(d);
             return d.write(Conflict{});
         },
         {"read"}, // it may be this process's own write that is in the way
         State::kReleasing},
        {"acquiring",
         "asked, then unknown",
         [](Driver& d) {
             asked(d);
             return d.write(failure(kUnreachable));
         },
         {"read"},
         State::kReleasing},
        {"acquiring",
         "asked, then denied",
         [](Driver& d) {
             asked(d);
             return d.write(failure(Failure::Kind::kDenied));
         },
         {"finish stopped"},
         State::kDone},
        {"acquiring", "guard lost", guard_lost, {}, State::kAcquiring},
        {"acquiring",
         "guard lost, then won",
         [](Driver& d) {
             guard_lost(d);
             return d.written();
         },
         {"read"},
         State::kReleasing},
        {"acquiring", "margin", late_twice, {"report margin-grown"}, State::kAcquiring},
    });
}

TEST_CASE("every fact while leading", "[election]") {
    const auto renewal = [](auto&& then) {
        return [then](Driver& d) {
            REQUIRE(renewing(d) == Lines{"renew over v101"});
            return then(d);
        };
    };
    const auto reading = [](auto&& then) {
        return [then](Driver& d) {
            in_doubt(d);
            return then(d);
        };
    };
    const Lines foreign{"report lost", "report stop-begins", "stop other-holder kill 0s"};
    const Lines vanished{"report lost", "report stop-begins", "stop vanished kill 0s"};
    check({
        {"leading", "tick", tick, {}, State::kLeading},
        {"leading",
         "renewed",
         renewal([](Driver& d) { return d.written(); }),
         {"extend term 10s kill 12.97s"},
         State::kLeading},
        {"leading",
         "renewed late: from its send",
         renewal([](Driver& d) {
             d.pass(1s);
             return d.written();
         }),
         {"extend term 9s kill 11.97s"},
         State::kLeading},
        {"leading",
         "renewal: conflict",
         renewal([](Driver& d) { return d.write(Conflict{}); }),
         {"read"},
         State::kLeading},
        {"leading", "renewal: vanished", renewal([](Driver& d) { return d.write(Absent{}); }),
         vanished, State::kStopping},
        {"leading",
         "renewal: unknown",
         renewal([](Driver& d) { return d.write(failure(kUnreachable)); }),
         {"report renewal-failing"},
         State::kLeading},
        {"leading",
         "renewal: denied",
         renewal([](Driver& d) { return d.write(failure(Failure::Kind::kDenied)); }),
         {"report renewal-failing"},
         State::kLeading},
        {"leading",
         "renewal: malformed",
         renewal([](Driver& d) { return d.write(failure(Failure::Kind::kMalformed)); }),
         {"report renewal-failing"},
         State::kLeading},
        {"leading",
         "renewal: untrusted",
         renewal([](Driver& d) { return d.write(failure(Failure::Kind::kUntrusted)); }),
         {"report renewal-failing"},
         State::kLeading},
        {"leading",
         "renewal: no answer",
         renewal([](Driver& d) {
             d.pass(2s);
             return d.tick();
         }),
         {"renew over v101"},
         State::kLeading},
        {"leading",
         "in doubt, read: mine, landed",
         reading([](Driver& d) { return d.read(d.last_record()); }),
         {"report renewal-works", "extend term 9.5s kill 12.47s"},
         State::kLeading},
        {"leading", "in doubt, read: another's",
         reading([](Driver& d) { return d.read(d.lease_of("other")); }), foreign, State::kStopping},
        {"leading", "in doubt, read: my identity, not my write",
         reading([](Driver& d) { return d.read(d.lease_of("me")); }), foreign, State::kStopping},
        {"leading", "in doubt, read: emptied",
         reading([](Driver& d) { return d.read(d.lease_of("")); }), foreign, State::kStopping},
        {"leading", "in doubt, read: vanished", reading([](Driver& d) { return d.read(Absent{}); }),
         vanished, State::kStopping},
        {"leading",
         "in doubt, read: unreachable",
         reading([](Driver& d) { return d.read(failure(kUnreachable)); }),
         {},
         State::kLeading},
        {"leading",
         "in doubt, read: malformed",
         reading([](Driver& d) { return d.read(failure(Failure::Kind::kMalformed)); }),
         {},
         State::kLeading},
        {"leading",
         "renew deadline",
         [](Driver& d) {
             d.pass(10s);
             return d.tick();
         },
         {"report lost", "extend term 0s kill 2.97s", "report stop-begins",
          "stop renew-deadline kill never", "renew over v101"},
         State::kStopping},
        {"leading", "stale read", stale_read, {}, State::kLeading},
        {"leading", "stale write", stale_write, {}, State::kLeading},
        {"leading",
         "asked to step down",
         asked,
         {"extend term 10s kill 12.97s", "report stop-begins", "stop step-down kill never"},
         State::kStopping},
        {"leading",
         "guard lost",
         guard_lost,
         {"extend term 10s kill 12.97s", "report stop-begins", "stop step-down kill never"},
         State::kStopping},
        {"leading",
         "the work ended",
         [](Driver& d) { return d.step(WorkGone{WorkEnd::kByItself}); },
         {"read"},
         State::kReleasing},
        {"leading",
         "the guard's deadline passed first",
         [](Driver& d) { return d.step(WorkGone{WorkEnd::kDeadline}); },
         {"report lost", "read"},
         State::kReleasing},
        {"leading",
         "margin: from the next renewal on",
         [](Driver& d) {
             late(d);
             renewing(d);
             return d.written();
         },
         {"extend term 10s kill 11.97s"},
         State::kLeading},
        {"leading",
         "margin too large: stops, with the margin that held",
         [](Driver& d) { return late(d, 6s); },
         {"report stepping-down", "extend term 10s kill 12.97s", "report stop-begins",
          "stop margin kill 12.97s"},
         State::kStopping},
    });
}

TEST_CASE("every fact while stopping", "[election]") {
    const auto renewal = [](auto&& then) {
        return [then](Driver& d) {
            REQUIRE(renewing(d) == Lines{"renew over v101"});
            return then(d);
        };
    };
    const auto reading = [](auto&& then) {
        return [then](Driver& d) {
            in_doubt(d);
            return then(d);
        };
    };
    check({
        {"stopping", "tick", tick, {}, State::kStopping},
        {"stopping",
         "renewed: the drain may go on",
         renewal([](Driver& d) { return d.written(); }),
         {"extend term 10s kill 12.97s"},
         State::kStopping},
        {"stopping",
         "renewal: conflict",
         renewal([](Driver& d) { return d.write(Conflict{}); }),
         {"read"},
         State::kStopping},
        {"stopping",
         "renewal: vanished",
         renewal([](Driver& d) { return d.write(Absent{}); }),
         {"report lost", "stop vanished kill 0s"},
         State::kStopping},
        {"stopping",
         "renewal: unknown",
         renewal([](Driver& d) { return d.write(failure(kUnreachable)); }),
         {"report renewal-failing"},
         State::kStopping},
        {"stopping",
         "renewal: no answer",
         renewal([](Driver& d) {
             d.pass(2s);
             return d.tick();
         }),
         {"renew over v101"},
         State::kStopping},
        {"stopping",
         "read: mine, landed",
         reading([](Driver& d) { return d.read(d.last_record()); }),
         {"report renewal-works", "extend term 9.5s kill 12.47s"},
         State::kStopping},
        {"stopping",
         "read: another's",
         reading([](Driver& d) { return d.read(d.lease_of("other")); }),
         {"report lost", "stop other-holder kill 0s"},
         State::kStopping},
        {"stopping",
         "read: vanished",
         reading([](Driver& d) { return d.read(Absent{}); }),
         {"report lost", "stop vanished kill 0s"},
         State::kStopping},
        {"stopping",
         "past the renew deadline",
         [](Driver& d) {
             d.pass(11s);
             return d.tick();
         },
         {"renew over v101"},
         State::kStopping},
        {"stopping", "stale read", stale_read, {}, State::kStopping},
        {"stopping", "stale write", stale_write, {}, State::kStopping},
        {"stopping", "asked again", asked, {}, State::kStopping},
        {"stopping", "guard lost", guard_lost, {}, State::kStopping},
        {"stopping",
         "the work is gone",
         [](Driver& d) { return d.step(WorkGone{WorkEnd::kStopped}); },
         {"read"},
         State::kReleasing},
        {"stopping",
         "the work had ended by itself",
         [](Driver& d) { return d.step(WorkGone{WorkEnd::kByItself}); },
         {"read"},
         State::kReleasing},
        {"stopping",
         "le-run swept it",
         [](Driver& d) {
             guard_lost(d);
             return d.step(WorkGone{WorkEnd::kGuardLost});
         },
         {"read"},
         State::kReleasing},
        {"stopping",
         "nothing of mine to release",
         [](Driver& d) {
             in_doubt(d);
             d.read(Absent{});
             return d.step(WorkGone{WorkEnd::kStopped});
         },
         {"finish stopped"},
         State::kDone},
        {"stopping", "margin", late_twice, {"report margin-grown"}, State::kStopping},
    });
}

TEST_CASE("every fact while releasing", "[election]") {
    const auto mine = [](Driver& d) { return d.read(d.last_record()); };
    const auto releasing = [mine](auto&& then) {
        return [mine, then](Driver& d) {
            REQUIRE(mine(d) == Lines{"release over v102"});
            return then(d);
        };
    };
    check({
        {"releasing", "tick", tick, {}, State::kReleasing},
        {"releasing", "read: mine", mine, {"release over v102"}, State::kReleasing},
        {"releasing",
         "read: another's",
         [](Driver& d) { return d.read(d.lease_of("other")); },
         {"report not-released", "finish stopped"},
         State::kDone},
        {"releasing",
         "read: my identity, not my write",
         [](Driver& d) { return d.read(d.lease_of("me")); },
         {"report not-released", "finish stopped"},
         State::kDone},
        {"releasing",
         "read: already free",
         [](Driver& d) { return d.read(d.lease_of("", 1)); },
         {"report released", "finish stopped"},
         State::kDone},
        {"releasing",
         "read: vanished",
         [](Driver& d) { return d.read(Absent{}); },
         {"report not-released", "finish stopped"},
         State::kDone},
        {"releasing",
         "read: unreachable",
         [](Driver& d) { return d.read(failure(kUnreachable)); },
         {},
         State::kReleasing},
        {"releasing",
         "read: denied",
         [](Driver& d) { return d.read(failure(Failure::Kind::kDenied)); },
         {},
         State::kReleasing},
        {"releasing",
         "read: no answer",
         [](Driver& d) {
             d.pass(2s);
             return d.tick();
         },
         {"read"},
         State::kReleasing},
        {"releasing",
         "released",
         releasing([](Driver& d) { return d.written(); }),
         {"report released", "finish stopped"},
         State::kDone},
        {"releasing",
         "release: conflict",
         releasing([](Driver& d) { return d.write(Conflict{}); }),
         {"read"},
         State::kReleasing},
        {"releasing",
         "release: vanished",
         releasing([](Driver& d) { return d.write(Absent{}); }),
         {"report not-released", "finish stopped"},
         State::kDone},
        {"releasing",
         "release: unknown",
         releasing([](Driver& d) {
             d.write(failure(kUnreachable));
             d.pass(1s);
             return d.tick();
         }),
         {"read"},
         State::kReleasing},
        {"releasing",
         "release: denied",
         releasing([](Driver& d) {
             d.write(failure(Failure::Kind::kDenied));
             d.pass(1s);
             return d.tick();
         }),
         {"read"},
         State::kReleasing},
        {"releasing",
         "the lease has run out",
         [](Driver& d) {
             d.pass(15s);
             return d.tick();
         },
         {"report not-released", "finish stopped"},
         State::kDone},
        {"releasing",
         "answer after the lease has run out",
         [](Driver& d) {
             d.pass(15s);
             return d.read(d.lease_of("other"));
         },
         {"report not-released", "finish stopped"},
         State::kDone},
        {"releasing", "stale read", stale_read, {}, State::kReleasing},
        {"releasing", "stale write", stale_write, {}, State::kReleasing},
        {"releasing", "asked again", asked, {}, State::kReleasing},
        {"releasing", "guard lost", guard_lost, {}, State::kReleasing},
        {"releasing", "margin", late_twice, {"report margin-grown"}, State::kReleasing},
    });
}

TEST_CASE("nothing happens any more when done", "[election]") {
    Driver d;
    d.become_standby();
    asked(d);
    for (const Fact& fact : std::vector<Fact>{Tick{}, ReadAnswered{d.last_attempt(), Absent{}},
                                              WriteAnswered{d.last_attempt(), Conflict{}},
                                              StepDownAsked{StepDownReason::kGuardLost},
                                              WokeLate{5s}, TreeMeasured{5s, 10}}) {
        CHECK(d.step(fact).empty());
        CHECK(d.election().state() == State::kDone);
    }
    CHECK_FALSE(d.election().next_wakeup(d.now()));
    CHECK_FALSE(d.election().has_request_pending());
}

} // namespace le_run::test
