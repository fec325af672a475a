// A register with compare-and-write in one local file, shared by processes of one machine. It knows
// only bytes and versions; file_store.cc knows leases.
//
// Why it is safe even if a process is frozen or killed between any two instructions:
// - One 64-bit word in a shared mapping says which write is current (a count of the writes and a
//   slot's number). Only an atomic compare-and-exchange changes it. So of all writers that saw one
//   version exactly one succeeds, and a writer that slept meanwhile fails.
// - Slots come in pairs. A writer first takes a pair with an OFD lock, without waiting (a frozen
//   process keeps the lock, a dead one loses it). Then it writes the pair's slot that is not
//   current, and then exchanges the word. So nobody waits for a frozen writer, and a late write of
//   it damages only a slot that is not current. A writer keeps its pair while its write is current.
// - A reader reads the word, the slot, and the word again, and starts over if the word has changed.
//   The count only grows, so an equal word means the same write.
// - Every access checks, before and after, that the path still names its file. A write to a removed
//   file does not count, and the access starts over.
// - A renewal overwrites bytes in place and takes no space. If all pairs are taken, a
//   candidate makes the file longer by one pair.
// - A durable write, and the first write in a pair, is synced before and after the exchange, and
//   then copied to the pair's other slot. So after a later power failure, with later writes half on
//   the disk, either slot has a record of that writer.
// - The version is also the fencing token: era * 2^31 + count (fence.h). A new file is linked into
//   place without a record, which reads as absent. Only then it takes its era: between an earlier
//   taking and the link, another file could be created and deleted, with greater tokens.
//
// Known limits: kMaxPairs processes frozen inside an access block writers, but not readers.
// Truncating the file by hand while it is in use can end its users with SIGBUS. A copy from a
// backup brings old versions back, and its lease has run out. On copy-on-write file systems
// (btrfs), overwriting may take space.
//
// Threads: one at a time. Calls wait only for the file system, as long as it takes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include <sys/types.h>

#include "election/lease.h"
#include "store/file/lease_file_format.h"
#include "store/file/local_file.h"

namespace le_run::file_store {

class LeaseFile {
public:
    struct Content {
        std::string object; // as written
        std::string token;  // the version of that write, decimal
    };
    using ReadResult = std::variant<Content, election::Absent, election::Failure>;
    using WriteResult =
        std::variant<Content, election::Conflict, election::Absent, election::Failure>;
    // Makes the object to write; `token` is the token that the write will have. May throw
    // FileError.
    using MakeObject = std::function<std::string(const std::string& token)>;

    // Does not touch the file yet.
    explicit LeaseFile(std::string path) : path_(std::move(path)) {}

    ReadResult read();

    // Writes if the current version is still `expected`; without `expected`, only if there is no
    // lease. Absent: there is no lease, but one was expected. `durable`: the write survives a power
    // failure.
    WriteResult write(const MakeObject& make_object, const std::optional<std::string>& expected,
                      bool durable);

    // Whether a write could get its lock. Changes nothing. A Failure names the process that has it.
    std::optional<election::Failure> try_locks();

private:
    struct State {
        Word word{};
        std::uint64_t count = 0; // zero: no lease
        unsigned slot = 0;
        std::uint32_t era = 0; // zero: the file has no era yet
    };

    bool open();
    bool is_in_place();
    State look();
    std::string read_slot(unsigned slot);
    std::optional<WriteResult> try_write(const MakeObject& make_object,
                                         const std::optional<std::string>& expected, bool durable);
    std::optional<WriteResult> overtaken();
    std::uint32_t settle_era();
    void claim_pair();
    void lock_pair();
    bool try_lock(unsigned pair);
    void make_room(unsigned pair);
    void drop_pair();
    void write_slot(unsigned slot, std::string_view object);
    std::string token_of(std::uint32_t era, std::uint64_t count) const;
    bool exchange(const State& seen, unsigned slot);

    std::string path_;
    UniqueFd fd_; // the file last seen at path_
    dev_t device_ = 0;
    ino_t inode_ = 0;
    std::optional<MappedWords> words_;
    std::optional<unsigned> pair_; // the pair that we have locked; the lock lives as long as fd_
};

} // namespace le_run::file_store
