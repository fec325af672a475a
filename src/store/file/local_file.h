// Small tools over the kernel's file calls, for the file store only: descriptors that close
// themselves, errors with a text, a file that appears together with its contents, and words in a
// mapped file that change atomically.
//
// Threads: each object belongs to one thread at a time. Other processes share the words.
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

// Thrown inside the file store, caught in LeaseFile::read and LeaseFile::write.
class FileError : public std::exception {
public:
    explicit FileError(election::Failure failure) : failure_(std::move(failure)) {}
    const char* what() const noexcept override { return failure_.text.c_str(); }
    const election::Failure& failure() const { return failure_; }

private:
    election::Failure failure_;
};

// Throws "`what`: text of `error`". The kind is kDenied for missing rights. Otherwise it is
// kUnreachable (no space, no descriptors, I/O errors), because a later try may succeed.
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

// The folder of a path ("." if the path names none), and the last part of a path.
std::string folder_of(const std::string& path);
std::string name_of(const std::string& path);

// Opens an existing regular file for reading and writing. Empty result: there is no file. Refuses a
// symbolic link, because one file with two links would get two fences. Refuses a file that other
// users own or may write (file_owner.h).
UniqueFd open_existing(const std::string& path);

// Makes the file `path`, which appears with all its `contents` and is on the disk then. False: the
// name exists already. The mode is 0600, because all candidates have the same user id.
bool create_whole(const std::string& path, std::string_view contents);

// Gives an existing file the mode 0600 if other users may read it, as they could in version 0.1.0.
void keep_others_out(int fd, const std::string& path);

// Writes all of `bytes` at `offset`.
void write_at(int fd, std::string_view bytes, std::uint64_t offset, const std::string& path);
void sync_data(int fd, const std::string& path);

// Eight characters that change together.
using Word = std::array<char, 8>;

// The first page of a file, mapped shared. Access beyond the end of the file is SIGBUS, so each use
// checks the size first. A truncation between check and access ends this process, which is safe.
// The caller owns the descriptor, which must outlive this object.
class MappedWords {
public:
    // `size`: the least size of a file that has these words.
    MappedWords(int fd, std::uint64_t size, std::string path);
    MappedWords(const MappedWords&) = delete;
    MappedWords& operator=(const MappedWords&) = delete;
    ~MappedWords();

    // Sequentially consistent, and in order with the file calls around it.
    Word load(std::size_t offset) const;
    // Writes `desired` if the word is `expected`. First makes the page writable, so that a file
    // system without space answers with an error, not with SIGBUS.
    bool compare_exchange(std::size_t offset, Word expected, Word desired);

private:
    std::uint64_t* at(std::size_t offset) const;

    int fd_;
    std::uint64_t size_;
    std::string path_;
    void* page_ = nullptr;
};

} // namespace le_run::file_store
