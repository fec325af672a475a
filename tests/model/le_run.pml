/* A model of le-run: election, guard and store, with messages lost and late, pauses and crashes.
 * spin looks at every order of events within the bounds below; tests/model/check.sh runs it.
 *
 * The invariants are the sentences of README, "What is guaranteed": see "the
 * promise". States, facts, actions and messages have the names that they have in src/; kStopping is
 * a state of both machines there and one word here.
 *
 * part    mirrors                        abstracted, and why nothing is missed by it
 *
 * LeRun   src/election/election.cc,      It owes nobody promptness: each of its steps may come any
 *         election_answers.cc, claim.cc, number of ticks late, so every pause, back-off and jitter
 *         observation.cc; src/app/       is among the runs. Instants are kept as the age of their
 *         run.cc, guard_link.cc          s. A version is kept as what is asked of it: is it the
 *                                        current one, is it the one I know. acquireTime is one
 *                                        value for a process: its own older ones were replaced.
 * Guard   src/guard/child_machine.cc,    Once a stop began SIGKILL may come at any time, so every
 *         guard_loop.cc                  stop grace, lost grace and drain is among the runs. The
 *                                        newest Until in the channel stands for all: each replaces
 *                                        the one before. The process that releases in a dead
 *                                        le-run's place (src/app/release.cc) is that le-run, with
 *                                        nothing but this left to do.
 * tree    src/guard/process_tree.cc,     Alive, killed, gone. It counts as running from the fork
 *         the kernel                     on. Killed it is gone within KAPPA; else it ends when it
 *                                        likes, or never: plain, slow, forking and stubborn work.
 * Store   src/store/: a register with    A read takes its snapshot when it is sent and is answered
 *         compare-and-write              at any time after, or never. Of one candidate two writes
 *                                        may be on the way, the one waited for and the last one
 *                                        written off. Not here, but in tests/sim: deletion,
 *                                        foreign durations, refusals, margins that grow.
 * Clock   src/base/time_point.h,              A tick is lambda, and kappa. Ages stop growing where no
 *         src/election/timing.cc         rule asks for more. "By D here, from D on there" would
 *                                        meet in one tick: what waits waits one tick longer. One
 *                                        clock for each candidate; the second is left to tests/sim.
 * Rivals  every other candidate          CANDIDATES=1: whatever waits as le-run does, and writes
 *                                        what and when it likes otherwise. Each le-run is safe
 *                                        against these and is one of these: any number is safe.
 *
 * Switches: CANDIDATES, D, RETRY; FAULTS (how many crashes, freezes and takeovers by hand in one
 * run); SAME_ID (the rivals use this candidate's identity); DRIFT (the clock gains and loses a
 * tick); UNKILLABLE (a killed tree may stay for ever); ONE_IN_TROUBLE (whole candidates; at any
 * time all but one are prompt and have their network); HEALTHY (the same, and trouble lasts one
 * tick, and comes back only after a renewal); SOMEBODY_LEADS, TIME_GOES_ON (claims, checked with
 * fairness). Each BREAK_... breaks one rule, each WITHOUT_... one assumption of tests/README.md:
 * spin must find an error. */

#ifndef CANDIDATES
#define CANDIDATES 1
#endif
#ifndef FAULTS
#define FAULTS 0
#endif
#ifndef D
#define D 6 /* lease duration, in ticks */
#endif
#ifdef BREAK_NO_ROOM_FOR_TRIES
#define RETRY TERM_AT
#endif
#ifndef RETRY
#define RETRY 1
#endif
#define TIMEOUT 1 /* of a request */
#define LAMBDA 1 /* how late the guard may act */
#define KAPPA 1  /* from SIGKILL to an empty tree */
#ifdef DRIFT
#define RHO 2 /* in a lease duration one tick is lost here and one gained there */
#else
#define RHO 0
#endif
/* src/election/timing.h, with s = 0 */
#define TERM_AT (D - RHO - LAMBDA - KAPPA - 1)
#if defined(BREAK_NO_LAMBDA)
#define KILL_AT (D - RHO - KAPPA)
#elif defined(BREAK_NO_KAPPA)
#define KILL_AT (D - RHO - LAMBDA)
#elif defined(BREAK_NO_DRIFT)
#define KILL_AT (D - LAMBDA - KAPPA)
#else
#define KILL_AT (D - RHO - LAMBDA - KAPPA)
#endif
#define FREE_AT (D + 1)           /* what waits waits one tick longer */
#define OLDEST (KILL_AT + LAMBDA) /* no rule asks whether an s is older */

mtype = { kStandby, kAcquiring, kLeading, kStopping, kReleasing, kDone } /* Election::State */
mtype = { kIdle, kSpawning, kRunning, kStopSpawning, /* kStopping, */ kDraining, kKilling }
mtype = { ReadLease, WriteLease };
#define NO_TREE 0
#define ALIVE 1
#define KILLED 2
#define NOBODY 0 /* holders, beside 1, 2, 3 */
#define RIVAL 6
#define STRANGER 7
#define BY_OTHERS 6 /* acquire of a releasing write, a rival or a stranger */

typedef Candidate {
    mtype state;           /* of the election; kDone once le-run is dead; then its releaser's */
    bit life;              /* a restarted le-run has another acquireTime */
    bit step_down;         /* step_down_ */
    bit next_read;         /* next_request_ is kRead */
    bit held;              /* claim_.is_held() */
    bit held_is_current;   /* and nothing was written since its version */
    bit in_doubt;          /* claim_.in_doubt(), beside the write that is waited for */
    unsigned s : 4;        /* age of claim_.anchor(), and so of the instants sent last */
    bit seen;              /* observation_ knows something: */
    bit seen_held;         /* a record with a holder, */
    bit base_is_current;   /* of this version, */
    unsigned seen_age : 4; /* first seen so long ago */

    mtype pending;         /* the request that is waited for */
    unsigned sent : 4;     /* age of its send */
    bit answered;          /* a write: the store has decided */
    bit written;           /* Written; without it Conflict */
    bit fresh;             /* its base is the current version; once answered: what it tells is */
    bit known;             /* a read: found the version known before */
    bit found_mine;
    bit found_holder;
    unsigned found_age : 4; /* its renewTime names a write: the age of that write's send */

    bit late;              /* a write that was written off and may still land */
    bit late_release;
    bit late_life;
    unsigned late_age : 4;

    bit Start;             /* the channel: sent and not yet taken; Start and Until carry s */
    bit Until;
    unsigned Stop : 2;     /* 2: its kill_at is now */
    bit Gone;

    mtype child;           /* state of the child machine */
    bit unsettled;         /* unsettled_ */
    bit guard_alive;
    bit guard_frozen;
    unsigned instants : 4; /* age of the s of those it was given last */
    unsigned tree : 2;
    unsigned killed_age : 2
};
Candidate cand[CANDIDATES];
#define me cand[c]

/* The record. */
unsigned holder : 3;              /* holder identity */
unsigned acquire : 3 = BY_OTHERS; /* acquireTime: which process */
unsigned renew_age : 4;           /* renewTime: age of its send, by its sender's clock */
unsigned unchanged : 4;           /* how long ago it landed */
#define stamp(c, life) (2 * (c) + (life))
#ifdef SAME_ID
#define identity(c) RIVAL
#else
#define identity(c) ((c) + 1)
#endif

unsigned faults : 3 = FAULTS;
#ifdef DRIFT
bit may_slip = 1, may_leap = 1;
#endif
#if defined(HEALTHY) || defined(ONE_IN_TROUBLE)
#define EACH_IN_TURN
unsigned in_trouble : 2 = CANDIDATES;
#define is_in_trouble(c) (c == in_trouble)
#else
#define is_in_trouble(c) true
#endif
#ifdef HEALTHY
bit may_have_trouble = 1;
#define nothing_happened (faults == FAULTS)
#else
#define may_have_trouble true
#define nothing_happened false
#endif
byte i, step;

/* --- the promise: its sentences, asserted where they can break --- */

bit protected_work_has_ended_before_another_starts = 1;
bit released_only_after_the_whole_tree_has_ended = 1;
bit taken_over_only_when_released_or_run_out = 1;
bit released_only_by_its_holder = 1;
bit nothing_but_a_requested_stop_or_the_lease_ends_the_work = 1;
bit a_requested_stop_is_renewed_until_the_tree_is_gone = 1;
bit an_instant_that_has_passed_is_not_extended = 1;
#define holds(sentence, is_so) sentence = (is_so); assert(sentence)
#ifdef UNKILLABLE /* then the fencing token must help; but nothing is released */
#define holds_if_killing_works(sentence, is_so) skip
#else
#define holds_if_killing_works(sentence, is_so) holds(sentence, is_so)
#endif
#if CANDIDATES == 1
#define all(f) f(0)
#define others_have_no_tree(c) true
#elif CANDIDATES == 2
#define all(f) (f(0) && f(1))
#define others_have_no_tree(c) (cand[1 - c].tree == NO_TREE)
#else
#define all(f) (f(0) && f(1) && f(2))
#define others_have_no_tree(c) \
    (cand[(c + 1) % 3].tree == NO_TREE && cand[(c + 2) % 3].tree == NO_TREE)
#endif

/* --- the store --- */

/* Whatever was based on the version before can only conflict from here on. */
inline new_version() {
    for (i : 0 .. CANDIDATES - 1) {
        cand[i].held_is_current = 0; cand[i].base_is_current = 0; cand[i].fresh = 0;
        cand[i].late = 0; cand[i].late_release = 0; cand[i].late_life = 0; cand[i].late_age = 0
    }
    i = 0;
    unchanged = 0
}

inline land(c, is_release, its_life, age) {
    if
    :: is_release ->
        holds(released_only_after_the_whole_tree_has_ended, me.tree == NO_TREE);
        holds(released_only_by_its_holder,
              holder == identity(c) && acquire == stamp(c, its_life));
        holder = NOBODY; acquire = BY_OTHERS; renew_age = 0
    :: else ->
        if
        :: acquire != stamp(c, its_life) -> /* an acquisition */
            holds(taken_over_only_when_released_or_run_out,
                  holder == NOBODY || unchanged + RHO / 2 >= D);
            holds_if_killing_works(protected_work_has_ended_before_another_starts,
                                   others_have_no_tree(c))
        :: else
        fi;
        holder = identity(c); acquire = stamp(c, its_life); renew_age = age
    fi;
    new_version()
}

inline decide(c) {
    if
#ifdef BREAK_WRITE_WITHOUT_COMPARE
    :: true ->
#else
    :: me.fresh ->
#endif
        land(c, me.state == kReleasing, me.life, me.sent);
        me.written = 1; me.fresh = 1
    :: else
    fi;
    me.answered = 1
}

proctype Store(byte c) {
    do
    :: d_step { me.pending == WriteLease && !me.answered -> decide(c) }
    :: d_step { me.late -> /* nobody listens to its answer */
        land(c, me.late_release, me.late_life, me.late_age)
#ifdef BREAK_LATE_ANSWER_COUNTS
        ;
        if
        :: me.pending == WriteLease -> me.answered = 1; me.written = 1; me.fresh = 1
        :: else
        fi
#endif
        }
    od
}

/* --- what le-run remembers: claim.cc, observation.cc, the request --- */

#ifdef BREAK_IDENTITY_ALONE_IS_MINE
#define is_mine(c) (holder == identity(c))
#else
#define is_mine(c) \
    (holder == identity(c) && acquire == stamp(c, me.life) && (me.held || me.in_doubt))
#endif
#define is_holding(c) (cand[c].state == kLeading || cand[c].state == kStopping)
#ifdef BREAK_WAIT_FOR_A_RELEASE
#define may_acquire(c) (!cand[c].next_read && cand[c].seen && !cand[c].seen_held)
#else
#define may_acquire(c) \
    (!cand[c].next_read && cand[c].seen && (!cand[c].seen_held || cand[c].seen_age >= FREE_AT))
#endif

inline give_up_claim(c) { me.held = 0; me.held_is_current = 0; me.in_doubt = 0 }

inline forget_observation(c) {
    me.seen = 0; me.seen_held = 0; me.base_is_current = 0; me.seen_age = 0
}

inline forget_request(c) {
    me.pending = 0; me.sent = 0; me.answered = 0; me.written = 0; me.fresh = 0;
    me.known = 0; me.found_mine = 0; me.found_holder = 0; me.found_age = 0
}

/* A write that nobody waits for any more may still land, if it can. */
inline leave_on_the_way(c) {
    if
    :: me.pending == WriteLease && !me.answered && me.fresh ->
        me.late = 1;
        me.late_release = (me.state == kReleasing);
        me.late_life = me.life;
        me.late_age = (me.state == kReleasing -> 0 : me.sent)
    :: else
    fi
}

/* --- actions on the work: run.cc, guard_link.cc --- */

#ifdef HEALTHY
#define trouble_is_over(c) \
    may_have_trouble = (may_have_trouble || (me.s == 0 && !is_in_trouble(c)))
#else
#define trouble_is_over(c) skip
#endif

inline StartWork(c) { me.Start = 1; trouble_is_over(c) }
inline ExtendWork(c) { me.Until = 1; trouble_is_over(c) }
inline StopWork(c, how) { me.Stop = how }

/* --- the election's states: election.cc --- */

inline enter_standby(c) { me.state = kStandby; me.s = 0 }

/* Also what is left of a le-run that was killed. */
inline enter_done(c) {
    me.state = kDone;
    forget_request(c); give_up_claim(c); forget_observation(c);
    me.step_down = 0; me.next_read = 0; me.Start = 0; me.Gone = 0;
    me.s = (me.Until -> me.s : 0)
}

/* The guard is told at once: whatever was said before le-run's death is heard. */
inline Settled(c) { me.unsettled = 0 }

/* What else ends a le-run here (--on-exit, --on-lost, --wait) is a stop on standby. */
inline conclude(c) {
    Settled(c);
    if
    :: me.step_down -> enter_done(c)
    :: else ->
        forget_request(c); forget_observation(c);
        me.next_read = 1;
        enter_standby(c)
    fi
}

inline enter_releasing(c) {
    leave_on_the_way(c);
    me.in_doubt = (me.in_doubt || me.pending == WriteLease);
    forget_request(c);
    me.next_read = 1;
    me.state = kReleasing; me.s = 0
}

inline enter_stopping(c, how) {
    me.state = kStopping;
    if
    :: me.held -> ExtendWork(c)
    :: else
    fi;
    StopWork(c, how)
#ifdef BREAK_RELEASE_BEFORE_GONE
    ;
    if
    :: me.held -> enter_releasing(c)
    :: else
    fi
#endif
}

inline leave_standby(c) {
    if
    :: me.held || me.in_doubt -> enter_releasing(c)
    :: else -> conclude(c)
    fi
}

inline check_deadlines(c) {
    if
    :: me.state == kLeading && me.s >= TERM_AT ->
        holds(nothing_but_a_requested_stop_or_the_lease_ends_the_work, !nothing_happened);
        enter_stopping(c, 1)
    :: else
    fi
}

/* --- what answers mean: election_answers.cc --- */

inline renewed(c, age) {
    holds(an_instant_that_has_passed_is_not_extended, !(me.state == kLeading && me.s >= TERM_AT));
    me.s = age;
    me.next_read = 0;
#ifndef BREAK_RENEW_WITHOUT_EXTENDWORK
    ExtendWork(c)
#endif
}

inline lost_at_once(c) {
    holds(nothing_but_a_requested_stop_or_the_lease_ends_the_work, !nothing_happened);
    give_up_claim(c);
    enter_stopping(c, 2)
}

inline standby_read(c) {
    if
    :: me.found_mine -> /* free for this process */
        me.seen = 1; me.seen_held = 0; me.seen_age = 0;
        me.base_is_current = me.fresh
    :: !me.found_mine && me.known
    :: else ->
        give_up_claim(c);
#ifdef BREAK_WAIT_FOR_THE_HOLDER_NOT_THE_VERSION
        me.seen_age = (me.seen && me.seen_held && me.found_holder -> me.seen_age : 0);
#else
        me.seen_age = 0;
#endif
        me.seen = 1; me.seen_held = me.found_holder;
        me.base_is_current = me.fresh
    fi
}

inline read_back(c) {
    if
    :: me.known
    :: else ->
        me.held = 1; me.held_is_current = me.fresh; me.in_doubt = 0;
        if
        :: is_holding(c) ->
#ifdef BREAK_READ_BACK_COUNTS_FROM_THE_READ
            renewed(c, me.sent)
#else
            renewed(c, me.found_age)
#endif
        :: else
        fi
    fi
}

inline on_ReadAnswered(c) {
    me.next_read = 0;
    if
    :: me.state == kStandby -> standby_read(c); forget_request(c)
    :: me.state != kStandby && me.found_mine -> read_back(c); forget_request(c)
    :: is_holding(c) && !me.found_mine -> forget_request(c); lost_at_once(c)
#ifdef BREAK_RELEASE_OVER_FOREIGN_RECORD
    :: me.state == kReleasing && !me.found_mine && me.held && me.found_holder ->
        read_back(c); forget_request(c)
    :: me.state == kReleasing && !me.found_mine && !(me.held && me.found_holder) ->
#else
    :: me.state == kReleasing && !me.found_mine ->
#endif
        give_up_claim(c); conclude(c)
    fi
}

inline write_landed(c) {
    me.held = (me.state != kReleasing);
    me.held_is_current = (me.held && me.fresh);
    me.in_doubt = 0;
#ifdef BREAK_DEADLINE_AT_ANSWER
    me.sent = 0;
#endif
    if
    :: me.state == kAcquiring ->
        forget_observation(c);
        me.s = me.sent;
        forget_request(c);
        if
        :: me.step_down -> enter_releasing(c)
        :: !me.step_down && me.s >= TERM_AT -> /* too late for any work: win it once more */
            me.next_read = 1;
            enter_standby(c)
        :: else -> me.state = kLeading; StartWork(c)
        fi
    :: is_holding(c) -> renewed(c, me.sent); forget_request(c)
    :: me.state == kReleasing -> give_up_claim(c); conclude(c)
    fi
}

/* A write that conflicted, or of which nobody knows whether it happened: only a read tells. */
inline write_not_landed(c) {
    forget_request(c);
    me.next_read = 1;
    if
    :: me.state == kAcquiring ->
        enter_standby(c);
        if
        :: me.step_down -> leave_standby(c)
        :: else
        fi
    :: else
    fi
}

inline on_WriteAnswered(c) {
    if
    :: me.written -> write_landed(c)
    :: else -> write_not_landed(c)
    fi
}

inline request_failed(c) {
    if
    :: me.pending == ReadLease -> forget_request(c)
    :: else ->
#ifdef BREAK_UNKNOWN_IS_SUCCESS
        if
        :: is_holding(c) -> renewed(c, me.sent)
        :: else
        fi;
#endif
        me.in_doubt = (me.in_doubt || me.state != kReleasing);
        write_not_landed(c)
    fi
#ifdef BREAK_UNKNOWN_IS_LOSS
    ;
    if
    :: me.state == kLeading -> lost_at_once(c)
    :: else
    fi
#endif
}

/* A stop that was asked for, or the guard's end. */
inline on_StepDownAsked(c) {
    me.step_down = 1;
    if
    :: me.state == kStandby -> leave_standby(c)
    :: me.state == kLeading -> enter_stopping(c, 1)
    :: else
    fi
}

inline on_WorkGone(c) {
    me.Start = 0; me.Until = 0; me.Stop = 0; me.Gone = 0; /* of a run that is over */
    if
    :: is_holding(c) && me.held -> enter_releasing(c)
    :: is_holding(c) && !me.held -> conclude(c)
    :: else
    fi
}

/* --- requests: election.cc --- */

/* Who is prompt is answered at once. */
inline send_read(c) {
    me.pending = ReadLease;
    me.fresh = 1;
    me.known = (me.state == kStandby -> me.seen && me.base_is_current : me.held_is_current);
    me.found_holder = (holder != NOBODY);
    me.found_mine = is_mine(c);
    me.found_age = (is_holding(c) && me.found_mine -> renew_age : 0)
#ifdef EACH_IN_TURN
    ;
    if
    :: is_in_trouble(c)
    :: else -> on_ReadAnswered(c)
    fi
#endif
}

inline send_write(c, on_current) {
    me.pending = WriteLease;
    me.fresh = on_current
#ifdef EACH_IN_TURN
    ;
    if
    :: is_in_trouble(c)
    :: else -> decide(c); on_WriteAnswered(c)
    fi
#endif
}

/* --- le-run --- */

#define guard_acts(c) (cand[c].guard_alive && !cand[c].guard_frozen)
#define guards_end_is_news(c) \
    (cand[c].state != kDone && !cand[c].guard_alive && \
     (!cand[c].step_down || cand[c].tree == ALIVE))
#ifdef BREAK_KILLED_COUNTS_AS_GONE
#define is_gone(c) (cand[c].tree != ALIVE)
#else
#define is_gone(c) (cand[c].tree == NO_TREE)
#endif
#ifdef BREAK_NO_RENEWAL_WHILE_STOPPING
#define renews(c) (cand[c].held && cand[c].state == kLeading)
#else
#define renews(c) (cand[c].held && is_holding(c))
#endif
#define is_swept(c) (is_holding(c) && !cand[c].guard_alive && !guards_end_is_news(c) && is_gone(c))

/* The child dies with it; the others of the tree are le-run's now. */
inline guard_dies(c) {
    me.guard_alive = 0; me.guard_frozen = 0;
    me.child = kIdle;
    me.Start = 0; me.Until = 0; me.Stop = 0;
    me.instants = (me.tree == ALIVE -> me.instants : 0)
}

inline sweep(c) {
    me.instants = 0;
    me.tree = (me.tree == ALIVE -> KILLED : me.tree)
}

proctype LeRun(byte c) {
    do
    :: d_step { me.pending == ReadLease -> check_deadlines(c); on_ReadAnswered(c) }
    :: d_step { me.pending == WriteLease && me.answered ->
#ifndef BREAK_NEWS_BEFORE_DEADLINE
        check_deadlines(c);
#endif
        on_WriteAnswered(c) }
    /* Written off: it is lost, or it may still land. */
    :: d_step { me.pending && me.sent >= TIMEOUT -> check_deadlines(c); request_failed(c) }
    :: d_step { me.pending && me.sent >= TIMEOUT ->
        check_deadlines(c); leave_on_the_way(c); request_failed(c) }
    /* Due. */
    :: d_step { me.state == kStandby && !me.pending && may_acquire(c) ->
        me.state = kAcquiring; send_write(c, me.base_is_current) }
    :: d_step { me.state == kStandby && !me.pending && !may_acquire(c) -> send_read(c) }
    :: d_step { renews(c) && !me.pending && me.next_read ->
        check_deadlines(c); send_read(c) }
    :: d_step { renews(c) && !me.pending && !me.next_read && me.s >= RETRY ->
        check_deadlines(c); send_write(c, me.held_is_current) }
    :: d_step { me.state == kReleasing && !me.pending && me.next_read -> send_read(c) }
    :: d_step { me.state == kReleasing && !me.pending && !me.next_read ->
        send_write(c, me.held_is_current) }
    :: d_step { me.state == kLeading && me.s >= TERM_AT -> check_deadlines(c) }
#ifndef HEALTHY
    /* The release has failed until the lease ran out by itself. */
    :: d_step { me.state == kReleasing -> leave_on_the_way(c); conclude(c) }
#endif
#ifndef SOMEBODY_LEADS
    :: d_step { me.state != kDone && !me.step_down -> check_deadlines(c); on_StepDownAsked(c) }
#endif
    :: d_step { me.Gone -> check_deadlines(c); on_WorkGone(c) }
    /* A frozen guard is continued (see Faults) or ended. */
    :: d_step { me.state != kDone && me.guard_frozen -> guard_dies(c) }
    /* The guard is dead: le-run sweeps the tree itself, and the empty tree is the proof. */
    :: d_step { guards_end_is_news(c) -> sweep(c); on_StepDownAsked(c) }
    :: d_step { is_swept(c) -> on_WorkGone(c) }
    od
}

/* --- the guard: child_machine.cc --- */

#define is_before_stop(c) (cand[c].child == kSpawning || cand[c].child == kRunning)
#define has_a_deadline(c) (cand[c].child != kIdle && cand[c].child != kKilling)

inline begin_stop(c) { me.child = (me.child == kSpawning -> kStopSpawning : kStopping) }
inline enter_killing(c) {
#ifdef BREAK_ASK_AND_NEVER_KILL
    skip
#else
    me.child = kKilling;
    sweep(c)
#endif
}
#define kills_at(c) (has_a_deadline(c) && cand[c].instants >= KILL_AT)

inline guard_deadlines(c) {
    if
    :: kills_at(c) ->
        holds(nothing_but_a_requested_stop_or_the_lease_ends_the_work,
              !nothing_happened || !is_before_stop(c));
        holds(a_requested_stop_is_renewed_until_the_tree_is_gone, !nothing_happened);
        enter_killing(c)
    :: !kills_at(c) && is_before_stop(c) && me.instants >= TERM_AT ->
        holds(nothing_but_a_requested_stop_or_the_lease_ends_the_work, !nothing_happened);
        begin_stop(c)
    :: else
    fi
}

inline on_Start(c) {
    me.Start = 0; me.Until = 0;
    me.unsettled = 1;
    if
#ifndef BREAK_START_WITHOUT_A_LOOK_AT_THE_CLOCK
    :: me.s >= TERM_AT -> me.Gone = 1; me.Stop = 0
#endif
    :: else ->
        holds_if_killing_works(protected_work_has_ended_before_another_starts,
                               others_have_no_tree(c));
        me.child = kSpawning; me.tree = ALIVE; me.instants = me.s
    fi
}

inline on_Until(c) {
    me.Until = 0;
    if
    :: has_a_deadline(c) -> me.instants = me.s
    :: else
    fi
}

inline on_Stop(c) {
    if
    :: has_a_deadline(c) && me.Stop == 2 -> enter_killing(c)
    :: is_before_stop(c) && me.Stop == 1 -> begin_stop(c)
    :: else
    fi;
    me.Stop = 0
}

inline on_ChildEnded(c) {
    if
    :: has_a_deadline(c) -> me.child = kDraining
    :: else
    fi
#ifdef BREAK_GONE_WHEN_THE_CHILD_ENDS
    ;
    on_TreeGone(c)
#endif
}

inline on_TreeGone(c) {
    me.child = kIdle; me.instants = 0;
    me.Until = 0; me.Stop = 0;
    me.Gone = (me.state != kDone);
    me.s = (me.state == kDone -> 0 : me.s)
}

/* By a process of its own: it reads first, and releases what is this le-run's. */
inline Release(c) {
    Settled(c);
    me.held = 1; me.held_is_current = 0;
    me.step_down = 1;
    me.next_read = 1;
    me.Until = 0; me.s = 0;
    me.state = kReleasing
}
#ifdef BREAK_RELEASER_BEFORE_GONE
#define may_be_released(c) (cand[c].state == kDone && cand[c].unsettled)
#else
#define may_be_released(c) \
    (cand[c].state == kDone && cand[c].unsettled && cand[c].child == kIdle)
#endif

proctype Guard(byte c) {
    do
    :: d_step { guard_acts(c) && (kills_at(c) || (is_before_stop(c) && me.instants >= TERM_AT)) ->
        guard_deadlines(c) }
    :: d_step { guard_acts(c) && me.Start && me.child == kIdle -> on_Start(c) }
    :: d_step { guard_acts(c) && me.Until && !me.Start ->
        guard_deadlines(c); on_Until(c); guard_deadlines(c) }
    :: d_step { guard_acts(c) && me.Stop && !me.Start && !me.Until ->
        guard_deadlines(c); on_Stop(c) }
    /* Executed; or ExecFailed, TooLate. */
    :: d_step { guard_acts(c) && me.child == kSpawning -> me.child = kRunning }
    :: d_step { guard_acts(c) && (me.child == kSpawning || me.child == kStopSpawning) ->
        me.child = kStopping }
    :: d_step { guard_acts(c) && has_a_deadline(c) && me.child != kDraining ->
        guard_deadlines(c); on_ChildEnded(c) }
    :: d_step { guard_acts(c) && me.child != kIdle && is_gone(c) -> on_TreeGone(c) }
    /* The end of a grace. */
    :: d_step { guard_acts(c) && has_a_deadline(c) && !is_before_stop(c) -> enter_killing(c) }
    /* LeRunDied. */
    :: d_step { guard_acts(c) && me.state == kDone && is_before_stop(c) -> begin_stop(c) }
    :: d_step { guard_acts(c) && may_be_released(c) -> Release(c) }
#ifdef BREAK_GUARD_ENDS_WITH_LE_RUN
    :: d_step { guard_acts(c) && me.state == kDone -> guard_dies(c) }
#endif
    /* The kernel. */
    :: d_step { me.tree == KILLED || (me.child == kDraining && me.tree == ALIVE) ->
        me.tree = NO_TREE; me.killed_age = 0 }
    od
}

/* --- time --- */

inline grow(is_counted, age, oldest) {
    if
    :: is_counted -> age = (age + step < oldest -> age + step : oldest)
    :: else
    fi
}

/* Candidate `slow` does not count this tick, `fast` counts it twice. LAMBDA and KAPPA are real
 * time. */
inline tick(slow, fast) {
    for (i : 0 .. CANDIDATES - 1) {
        step = (i == slow -> 0 : (i == fast -> 2 : 1));
        grow(is_holding(i) || cand[i].Until, cand[i].s, OLDEST);
        grow(cand[i].pending == ReadLease || (cand[i].pending && cand[i].state == kReleasing),
             cand[i].sent, TIMEOUT);
        grow(cand[i].pending == WriteLease && cand[i].state != kReleasing, cand[i].sent, OLDEST);
        grow(cand[i].found_mine && is_holding(i), cand[i].found_age, OLDEST);
        grow(cand[i].seen_held, cand[i].seen_age, FREE_AT);
        grow(cand[i].late && !cand[i].late_release, cand[i].late_age, OLDEST);
        grow(has_a_deadline(i) || (!cand[i].guard_alive && cand[i].tree == ALIVE),
             cand[i].instants, OLDEST);
        grow(acquire == stamp(i, 0) || acquire == stamp(i, 1), renew_age, OLDEST);
        step = 1;
        grow(cand[i].tree == KILLED, cand[i].killed_age, KAPPA)
    };
    grow(holder != NOBODY, unchanged, FREE_AT);
    i = 0;
    step = 0
}

/* What must have happened before the clock goes on. A killed tree dies within KAPPA. The guard acts
 * within LAMBDA, and where it is dead or frozen, le-run. */
#ifdef UNKILLABLE
#define dies_in_time(c) true
#else
#define dies_in_time(c) !(cand[c].tree == KILLED && cand[c].killed_age >= KAPPA)
#endif
#define is_watched(c) (cand[c].guard_alive || cand[c].state != kDone)
#define acts_in_time(c) \
    !(cand[c].tree == ALIVE && is_watched(c) && \
      (cand[c].guard_frozen -> cand[c].s : cand[c].instants) >= KILL_AT + LAMBDA)
#ifdef EACH_IN_TURN
#define is_prompt(c) \
    (is_in_trouble(c) || \
     !((guard_acts(c) && (cand[c].Start || cand[c].Until || cand[c].Stop)) || cand[c].Gone || \
       cand[c].pending || cand[c].state == kReleasing || guards_end_is_news(c) || is_swept(c) || \
       (cand[c].state == kStandby && may_acquire(c)) || \
       (renews(c) && (cand[c].next_read || cand[c].s >= RETRY))))
#else
#define is_prompt(c) true
#endif
#define in_time(c) (dies_in_time(c) && acts_in_time(c) && is_prompt(c))

#if defined(HEALTHY)
#define trouble(c) in_trouble = c; may_have_trouble = (may_have_trouble && c == CANDIDATES)
#elif defined(EACH_IN_TURN)
#define trouble(c) in_trouble = c
#else
#define trouble(c) skip
#endif
#define NONE CANDIDATES

#ifdef TIME_GOES_ON
bit odd;
#define count_ticks() odd = !odd
ltl time_goes_on { []<>odd && []<>!odd }
#else
#define count_ticks() skip
#endif

proctype Clock() {
    do
    :: d_step { all(in_time) -> tick(NONE, NONE); count_ticks(); trouble(NONE) }
#ifdef EACH_IN_TURN
    :: d_step { all(in_time) && may_have_trouble -> tick(NONE, NONE); trouble(0) }
    :: d_step { all(in_time) && may_have_trouble -> tick(NONE, NONE); trouble(1) }
#endif
#ifdef DRIFT
    :: d_step { all(in_time) && may_leap -> may_leap = 0; tick(NONE, 0) }
    :: d_step { all(in_time) && may_slip && cand[0].instants < KILL_AT ->
        may_slip = 0; tick(0, NONE) }
#endif
    od
}

/* --- the others --- */

#if CANDIDATES == 1
#define a_rival_holds (holder == RIVAL && acquire == BY_OTHERS)
proctype Rivals() {
    do
    :: d_step { holder == NOBODY || (!a_rival_holds && unchanged + RHO / 2 >= FREE_AT) ->
        holds_if_killing_works(protected_work_has_ended_before_another_starts,
                               cand[0].tree == NO_TREE);
        holder = RIVAL; acquire = BY_OTHERS; renew_age = 0; new_version() }
    :: d_step { a_rival_holds -> new_version() }
    :: d_step { a_rival_holds -> holder = NOBODY; new_version() }
    od
}
#endif

/* --- faults --- */

#ifdef WITHOUT_ONE_OF_THE_TWO
#define is_whole(c) true
#else
#define is_whole(c) (cand[c].guard_alive && !cand[c].guard_frozen && cand[c].state != kDone)
#endif

proctype Faults(byte c) {
    do
#if FAULTS
    :: d_step { faults && is_whole(c) && me.state != kDone -> /* le-run is killed */
        faults--; leave_on_the_way(c); enter_done(c) }
    :: d_step { faults && is_whole(c) && me.guard_alive -> faults--; guard_dies(c) }
    :: d_step { faults && is_whole(c) && guard_acts(c) -> faults--; me.guard_frozen = 1 }
    :: d_step { me.guard_frozen -> me.guard_frozen = 0 }
    /* Its supervisor starts it again: the same identity, another acquireTime, a new guard. */
    :: d_step { me.state == kDone && me.child == kIdle && me.tree == NO_TREE && faults < FAULTS &&
                !me.life ->
        Settled(c);
        me.life = 1; me.state = kStandby; me.next_read = 1;
        me.guard_alive = 1; me.guard_frozen = 0; me.Until = 0; me.Stop = 0; me.s = 0 }
    :: d_step { c == 0 && faults && holder != NOBODY -> /* by hand */
        faults--;
#ifdef WITHOUT_HANDS_OFF_THE_LEASE
        holder = NOBODY;
#else
        holder = STRANGER;
#endif
        acquire = BY_OTHERS; renew_age = 0; new_version() }
#endif
    :: d_step { false -> skip }
    od
}

init {
    d_step {
        for (i : 0 .. CANDIDATES - 1) {
            cand[i].state = kStandby; cand[i].next_read = 1;
            cand[i].child = kIdle; cand[i].guard_alive = 1
        };
        i = 0
    };
    atomic {
        run Clock();
        run LeRun(0); run Guard(0); run Store(0); run Faults(0);
#if CANDIDATES == 1
        run Rivals();
#else
        run LeRun(1); run Guard(1); run Store(1); run Faults(1);
#endif
#if CANDIDATES == 3
        run LeRun(2); run Guard(2); run Store(2); run Faults(2);
#endif
    }
}

#ifdef SOMEBODY_LEADS
ltl somebody_leads { []<>(cand[0].state == kLeading || cand[1].state == kLeading) }
#endif
