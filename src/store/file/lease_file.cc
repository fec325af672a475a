#include "store/file/lease_file.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/check.h"
#include "store/file/fence.h"
#include "store/file/lock_holder.h"

namespace le_run::file_store {
namespace {

namespace format = lease_file_format;

// A further try happens only if somebody wrote or replaced the file meanwhile.
constexpr int kReadTries = 1000;
constexpr int kWriteTries = 100;

std::string read_at(int fd, std::uint64_t size, std::uint64_t offset, const std::string& path) {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const auto got =
            ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw_file_error("cannot read " + path, errno);
        }
        if (got == 0) {
            break;
        }
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

std::uint64_t size_of(int fd, const std::string& path) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) {
        throw_file_error("cannot look at " + path, errno);
    }
    return static_cast<std::uint64_t>(status.st_size);
}

// Checks that the file has our format, before the words are used.
void check_contents(int fd, const std::string& path) {
    const auto head = read_at(fd, format::kHeadSize, 0, path);
    if (const auto wrong = format::check_head(head, size_of(fd, path))) {
        throw_malformed(path + " " + *wrong + "; delete it if no le-run needs it");
    }
}

election::Failure busy(const std::string& path) {
    return {
        election::Failure::Kind::kUnreachable, path + " changes faster than it can be used", {}};
}

} // namespace

LeaseFile::ReadResult LeaseFile::read() {
    try {
        for (int i = 0; i < kReadTries; ++i) {
            if (!open()) {
                return election::Absent{};
            }
            const auto seen = look();
            auto object = seen.count == 0 ? std::string() : read_slot(seen.slot);
            if (words_->load(format::kCurrentOffset) != seen.word || !is_in_place()) {
                continue;
            }
            if (pair_ && *pair_ != seen.slot / format::kSlotsOfPair) {
                drop_pair();
            }
            if (seen.count == 0) {
                return election::Absent{};
            }
            return Content{std::move(object), token_of(seen.era, seen.count)};
        }
        return busy(path_);
    } catch (const FileError& error) {
        return error.failure();
    }
}

LeaseFile::WriteResult LeaseFile::write(const MakeObject& make_object,
                                        const std::optional<std::string>& expected, bool durable) {
    try {
        for (int i = 0; i < kWriteTries; ++i) {
            if (open()) {
                if (auto result = try_write(make_object, expected, durable)) {
                    return std::move(*result);
                }
            } else if (expected) {
                return election::Absent{};
            } else {
                create_whole(path_, format::empty_file());
            }
        }
        return busy(path_);
    } catch (const FileError& error) {
        return error.failure();
    }
}

// No value: the path names another file now, so start over.
std::optional<LeaseFile::WriteResult>
LeaseFile::try_write(const MakeObject& make_object, const std::optional<std::string>& expected,
                     bool durable) {
    auto seen = look();
    if (seen.count == 0 && expected) {
        return election::Absent{};
    }
    if (seen.count != 0 && (!expected || token_of(seen.era, seen.count) != *expected)) {
        return overtaken();
    }
    if (seen.count == format::kLastCount) {
        throw_malformed(path_ +
                        " has been written 2^31 times, no fencing token is left; delete it");
    }
    if (seen.era == 0) {
        seen.era = settle_era();
    }
    const bool lasting = durable || !pair_;
    claim_pair();
    // Look again *after* the claim: only now nobody else can make a slot of this pair current, so
    // the current word tells which of its slots is free.
    if (words_->load(format::kCurrentOffset) != seen.word) {
        return overtaken();
    }
    const auto first = *pair_ * format::kSlotsOfPair;
    const auto slot = seen.count != 0 && seen.slot == first ? first + 1 : first;
    Content content{{}, token_of(seen.era, seen.count + 1)};
    content.object = make_object(content.token);
    write_slot(slot, content.object);
    if (lasting) {
        sync_data(fd_.get(), path_);
    }
    if (!exchange(seen, slot)) {
        return overtaken();
    }
    ::futimens(fd_.get(), nullptr); // an event for watchers (file_watch.h); only a hint, may fail
    if (lasting) {
        write_slot(slot ^ 1U, content.object);
        sync_data(fd_.get(), path_);
    }
    if (!is_in_place()) {
        return std::nullopt;
    }
    return content;
}

// Somebody else's write is current. If the file has been removed, that means nothing: start over.
std::optional<LeaseFile::WriteResult> LeaseFile::overtaken() {
    drop_pair();
    return is_in_place() ? std::optional<WriteResult>(election::Conflict{}) : std::nullopt;
}

bool LeaseFile::exchange(const State& seen, unsigned slot) {
    return words_->compare_exchange(format::kCurrentOffset, seen.word,
                                    format::format_current({seen.count + 1, slot}));
}

// Makes fd_ the file that the path names now. False: there is no file.
bool LeaseFile::open() {
    if (fd_ && is_in_place()) {
        return true;
    }
    words_.reset();
    pair_.reset(); // closing the descriptor drops its lock
    fd_ = UniqueFd();
    auto fd = open_existing(path_);
    if (!fd) {
        return false;
    }
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) {
        throw_file_error("cannot look at " + path_, errno);
    }
    check_contents(fd.get(), path_);
    words_.emplace(fd.get(), format::file_size(format::kFirstPairs), path_);
    fd_ = std::move(fd);
    device_ = status.st_dev;
    inode_ = status.st_ino;
    return true;
}

// The inode number of an open file is not reused, so equal numbers mean the same file.
bool LeaseFile::is_in_place() {
    struct stat status{};
    if (::lstat(path_.c_str(), &status) != 0) {
        if (errno == ENOENT) {
            return false;
        }
        throw_file_error("cannot look at " + path_, errno);
    }
    return status.st_dev == device_ && status.st_ino == inode_;
}

LeaseFile::State LeaseFile::look() {
    check_contents(fd_.get(), path_);
    State state;
    // Reads the word before the era: a word with a count was exchanged after the era was set.
    state.word = words_->load(format::kCurrentOffset);
    const auto era = words_->load(format::kEraOffset);
    const auto current = format::parse_current(state.word);
    if (!current || current->count > format::kLastCount) {
        throw_malformed(path_ + ": `current` is not a count and a slot; delete the file");
    }
    state.count = current->count;
    state.slot = current->slot;
    state.era = parse_era(std::string_view(era.data(), era.size()), path_);
    if (state.count != 0 && (state.era == 0 || format::slot_offset(state.slot) + format::kPageSize >
                                                   size_of(fd_.get(), path_))) {
        throw_malformed(path_ +
                        ": `current` names a slot or era that the file does not have; delete the "
                        "file");
    }
    return state;
}

std::string LeaseFile::read_slot(unsigned slot) {
    const auto bytes = read_at(fd_.get(), format::kSlotCapacity, format::slot_offset(slot), path_);
    return std::string(format::trim_slot(bytes));
}

// The first process sets the era; the others use that.
std::uint32_t LeaseFile::settle_era() {
    const auto none = format_era(0);
    const auto taken = format_era(take_era(path_));
    Word expected{};
    Word desired{};
    std::copy(none.begin(), none.end(), expected.begin());
    std::copy(taken.begin(), taken.end(), desired.begin());
    words_->compare_exchange(format::kEraOffset, expected, desired);
    const auto era = words_->load(format::kEraOffset);
    return parse_era(std::string_view(era.data(), era.size()), path_);
}

void LeaseFile::lock_pair() {
    for (unsigned pair = 0; !pair_ && pair < format::kMaxPairs; ++pair) {
        if (try_lock(pair)) {
            pair_ = pair;
        }
    }
    if (!pair_) {
        throw FileError(
            election::Failure{election::Failure::Kind::kUnreachable,
                              "cannot write " + path_ +
                                  ": other processes have locked every place in it, among them " +
                                  lock_holder(fd_.get()) + ": end that process",
                              {}});
    }
}

void LeaseFile::claim_pair() {
    if (!pair_) {
        keep_others_out(fd_.get(), path_);
        lock_pair();
    }
    try {
        make_room(*pair_);
    } catch (const FileError&) {
        drop_pair();
        throw;
    }
}

std::optional<election::Failure> LeaseFile::try_locks() {
    try {
        if (open() && !pair_) {
            lock_pair();
            drop_pair();
        }
        return std::nullopt;
    } catch (const FileError& error) {
        return error.failure();
    }
}

// An OFD lock belongs to our descriptor, not to the process. So closing another descriptor of the
// file does not drop it, and two stores in one process exclude each other.
bool LeaseFile::try_lock(unsigned pair) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off_t>(format::slot_offset(pair * format::kSlotsOfPair));
    lock.l_len = static_cast<off_t>(format::kSlotsOfPair * format::kPageSize);
    if (::fcntl(fd_.get(), F_OFD_SETLK, &lock) == 0) {
        return true;
    }
    if (errno == EAGAIN || errno == EACCES) {
        return false;
    }
    throw_file_error("cannot lock " + path_, errno);
}

// Makes sure that the file has the pair's pages. It writes real bytes instead of fallocate, because
// the first write to reserved blocks may need further space.
void LeaseFile::make_room(unsigned pair) {
    const auto end = format::file_size(pair + 1);
    if (size_of(fd_.get(), path_) < end) {
        write_at(fd_.get(), format::empty_pair(), format::slot_offset(pair * format::kSlotsOfPair),
                 path_);
    }
    if (pair < format::kFirstPairs) {
        return;
    }
    // Corrects the JSON: it must not end before this pair, and must go on after it if pages follow.
    // Done at each claim, because the process that made the room may have died before doing it.
    const auto put_separator = [this](std::uint64_t page_end) {
        write_at(fd_.get(), format::separator(false), page_end - format::kSeparatorSize, path_);
    };
    put_separator(format::file_size(pair));
    put_separator(end - format::kPageSize);
    if (size_of(fd_.get(), path_) > end) {
        put_separator(end);
    }
}

void LeaseFile::drop_pair() {
    if (!pair_) {
        return;
    }
    struct flock lock{};
    lock.l_type = F_UNLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off_t>(format::slot_offset(*pair_ * format::kSlotsOfPair));
    lock.l_len = static_cast<off_t>(format::kSlotsOfPair * format::kPageSize);
    if (::fcntl(fd_.get(), F_OFD_SETLK, &lock) != 0) {
        throw_file_error("cannot unlock " + path_, errno);
    }
    pair_.reset();
}

void LeaseFile::write_slot(unsigned slot, std::string_view object) {
    if (object.size() > format::kSlotCapacity) {
        throw FileError(election::Failure{election::Failure::Kind::kDenied,
                                          path_ + ": a lease of " + std::to_string(object.size()) +
                                              " bytes does not fit, at most " +
                                              std::to_string(format::kSlotCapacity) + " do",
                                          {}});
    }
    write_at(fd_.get(), format::pad_slot(object), format::slot_offset(slot), path_);
}

std::string LeaseFile::token_of(std::uint32_t era, std::uint64_t count) const {
    return std::to_string((std::uint64_t{era} << format::kEraShift) + count);
}

} // namespace le_run::file_store
