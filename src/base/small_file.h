// Reads files that people and kubelets write. They should be small, so larger ones are refused.
#pragma once

#include <string>
#include <variant>

namespace le_run {

inline constexpr std::size_t kMaxKubeconfig = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxSecretFile = 1024 * 1024;

// Why a file could not be read, without its path: "is missing", "cannot be read (Permission
// denied)".
struct FileError {
    int number = 0; // errno; 0 for a file that is too large
    std::string text;
};

enum class MayWait {
    kYes, // reads a pipe (a kubeconfig from a shell's <(...)) to its end
    kNo,  // for use on the loop: an empty pipe is an error
};

std::variant<std::string, FileError> read_small_file(const std::string& path, std::size_t limit,
                                                     MayWait may_wait);

// Resolves a path that stands in `file`: it is relative to that file's folder. Empty stays empty.
std::string in_folder_of(const std::string& file, const std::string& path);

} // namespace le_run
