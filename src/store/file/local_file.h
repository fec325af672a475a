// Small tools over the kernel's file calls, for the file store only: descriptors that close
// themselves, errors with words, a file that appears at once with its contents, and words in a
// mapped file that change atomically.
//
// Threads: each object belongs to one thread at a time; the words are shared with other processes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <sys/stat.h>

#include "election/lease.h"

namespace le_run::file_store {

// Thrown in the file store's room, caught at the edge of an access (LeaseFile::read, write).
class FileError : public std::exception {
public:
    explicit FileError(election::Failure failure) : failure_(std::move(failure)) {}
    const char* what() const noexcept override { return failure_.text.c_str(); }
    const election::Failure& failure() const { return failure_; }

private:
    election::Failure failure_;
};

// "`what`: text of `error`": kDenied for missing rights, else kUnreachable (no space, no
// descriptors, I/O errors: a later try may succeed).
[[noreturn]] void throw_file_error(const std::string& what, int error);
[[noreturn]] void throw_malformed(const std::string& text);

class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~UniqueFd();

    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

// The folder a path is in ("." when it names none), and its last part.
std::string folder_of(const std::string& path);
std::string name_of(const std::string& path);

// Opens an existing regular file for reading and writing; the result is empty when there is none. A
// symbolic link is refused: through two links one file would have two places beside it for its
// fence. A file that other users own or may write is refused (file_owner.h).
UniqueFd open_existing(const std::string& path);

// Makes the file `path` with `contents`, at once and lastingly; false when there is something of
// that name already. The mode is 0600: candidates share one user id.
bool create_whole(const std::string& path, std::string_view contents);

// Gives an existing file the mode 0600 if other users may read it, as they could in version 0.1.0.
void keep_others_out(int fd, const std::string& path);

// Writes all of `bytes` at `offset`.
void write_at(int fd, std::string_view bytes, std::uint64_t offset, const std::string& path);
void sync_data(int fd, const std::string& path);

// Eight characters that change together.
using Word = std::array<char, 8>;

// The first page of a file, mapped shared. Touching a mapping beyond the end of its file is SIGBUS,
// so each use looks at the size first; a truncation just between the two is a remaining risk (and
// ends this process, which is safe). The descriptor is the caller's and must outlive this.
class MappedWords {
public:
    // `size`: what the file must have for its words to be there.
    MappedWords(int fd, std::uint64_t size, std::string path);
    MappedWords(const MappedWords&) = delete;
    MappedWords& operator=(const MappedWords&) = delete;
    ~MappedWords();

    // Sequentially consistent, and in order with the file calls around it.
    Word load(std::size_t offset) const;
    // Writes `desired` if the word is `expected`. Asks for the page as writable first, so that a
    // file system that must allocate for that answers with an error, not with SIGBUS.
    bool compare_exchange(std::size_t offset, Word expected, Word desired);

private:
    std::uint64_t* at(std::size_t offset) const;

    int fd_;
    std::uint64_t size_;
    std::string path_;
    void* page_ = nullptr;
};

} // namespace le_run::file_store
