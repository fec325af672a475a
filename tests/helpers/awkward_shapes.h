// Process trees that are hard to end, for test-awkward and test-worker.
//
//   plain               no descendants
//   stubborn            the caller ignores SIGTERM too
//   daemonizing         a double-forked, setsid'ed descendant
//   fork-storm          four chains of processes that fork and end without a pause, for ever
//   storm-of-100        a hundred chains that fork and end three times a second
//   stopped-grandchild  a SIGSTOPped grandchild
//   thread-forked       a child of a thread that is not the main one
//   vfork-blocked       a child that waits for its vfork child
//   other-uid           a child with uid 65534 (needs root)
//   nested-pidns        the init of a new PID namespace, and a process in it (needs root)
//   clone-parent        a sibling: its parent is our parent
//   no-exit-signal      a clone child that tells nobody of its end
//   quick-exit          the caller is to end with code 7 once the others are there
//
// Big ones (helpers/forest.cc): SHAPE-COUNT or SHAPE-COUNT-stopped, as in "chain-1000" and
// "mix-10000-stopped", whose every second process is stopped. All are sessions of their own.
//
//   chain-N             each below the one before; the last writes its life into the record
//   star-N              all children of one
//   wide-N              as many children as each of them has
//   threads-N           a chain of which each is the child of a thread that is not the main one
//   mix-N               a quarter of each
//
// Descendants ignore SIGTERM, SIGINT and SIGHUP and inherit every descriptor. Where
// TEST_AWKWARD_FIFO names a FIFO, every process holds it open for writing, so that its reader sees
// the end of file exactly when the last one is gone; each writes one line when it is there, and the
// caller writes "ready" last. All end by themselves after five minutes.
#pragma once

#include <string>
#include <vector>

namespace le_run::test {

constexpr unsigned kLongestAwkwardLife = 300; // seconds

// Makes all `shapes` below the calling process, which has one thread, and returns when they are
// there; once in a process. False: a shape is unknown.
bool make_awkward(std::vector<std::string> shapes);

} // namespace le_run::test
