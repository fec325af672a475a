// Reads files that people and kubelets write: small, and never trusted to be.
#pragma once

#include <string>
#include <variant>

namespace le_run {

inline constexpr std::size_t kMaxKubeconfig = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxSecretFile = 1024 * 1024;

// Why a file could not be read, without its path: "is missing", "may not be read (Permission
// denied)".
struct FileError {
    int number = 0; // errno; 0 for a file that is too large
    std::string text;
};

enum class MayWait {
    kYes, // a pipe (kubeconfig from a shell's <(...)) is read to its end
    kNo,  // for the loop: a pipe that has nothing is an error
};

std::variant<std::string, FileError> read_small_file(const std::string& path, std::size_t limit,
                                                     MayWait may_wait);

// A path as a file means it: relative to that file's folder. Empty stays empty.
std::string in_folder_of(const std::string& file, const std::string& path);

} // namespace le_run
