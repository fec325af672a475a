// A register with compare-and-write in one local file that processes of one machine share. It knows
// bytes and versions; what a lease is, is file_store.cc's.
//
// How it holds, with a process frozen or killed between any two instructions:
// - What is current is one 64-bit word in a shared mapping (a count of the writes and a slot's
//   number), changed only by an atomic compare-and-exchange: of all writers that saw one version
//   exactly one succeeds, and a writer that slept while others went on fails.
// - Slots come in pairs. A writer first takes a pair for itself with an OFD lock that it never
// waits
//   for (freezing keeps it, death frees it), then writes the slot of it that is not current, then
//   exchanges the word. So nobody waits for a frozen writer, and all that it can still scribble on
//   is a slot that is not current. It keeps the pair while its write is the current one.
// - A reader takes the word, the slot, the word again, and starts over when it changed; the count
//   only grows, so that an equal word is the same write.
// - Every access makes sure before and after that the path still names the file it works on; a
// write
//   that landed in a file already removed is no write, and the access starts over.
// - Renewing overwrites bytes in place: it takes no space. Only when all pairs of the file are
// taken
//   a candidate makes it longer by one.
// - A write that is to last (and the first one in a pair) is synced before and after the exchange,
//   and is then copied into the pair's other slot: should power fail later, with later writes half
//   on the disk, either slot has a record of that writer.
// - The version is also the fencing token: era * 2^31 + count (fence.h). A new file is linked into
//   place without a record, which reads as absent, and gets its era once it is there: an era taken
//   earlier could be outrun by a file created and deleted in the meantime.
//
// Known limits: kMaxPairs processes frozen inside an access block writers, not readers. Truncating
// the file by hand while it is in use can end its users with SIGBUS. A copy put back from a backup
// takes the versions back, and its lease has run out. On copy-on-write file systems (btrfs)
// overwriting may take space.
//
// Threads: one at a time. Nothing is waited for but the file system; calls may take as long as it
// does.
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
        std::string token;  // of the write that put it there; the version, decimal
    };
    using ReadResult = std::variant<Content, election::Absent, election::Failure>;
    using WriteResult =
        std::variant<Content, election::Conflict, election::Absent, election::Failure>;
    // What to write, given the token that the write will have. May throw FileError.
    using MakeObject = std::function<std::string(const std::string& token)>;

    // Touches nothing yet.
    explicit LeaseFile(std::string path) : path_(std::move(path)) {}

    ReadResult read();

    // Writes if the current write is still `expected`; without one, only if there is no lease.
    // Absent: there is no lease, but one was expected. Lasting through a power failure if
    // `durable`.
    WriteResult write(const MakeObject& make_object, const std::optional<std::string>& expected,
                      bool durable);

    // Whether a write could take the lock that it needs; changes nothing. A failure says who is in
    // the way.
    std::optional<election::Failure> try_locks();

private:
    struct State {
        Word word{};
        std::uint64_t count = 0; // zero: no lease
        unsigned slot = 0;
        std::uint32_t era = 0; // zero: none yet
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
    UniqueFd fd_; // of the file last seen at path_
    dev_t device_ = 0;
    ino_t inode_ = 0;
    std::optional<MappedWords> words_;
    std::optional<unsigned> pair_; // ours by its lock, which lives as long as fd_
};

} // namespace le_run::file_store
