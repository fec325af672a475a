// Reads the files of a TLS configuration again when they have changed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "net/tls.h"

namespace le_run::kubernetes {

// Paths of files; empty: the text is not from a file.
struct TlsFiles {
    std::string ca, client_certificate, client_key;
};

// The loop's thread. look() does a stat of each file, and reads changed files, which are small.
class ChangingTlsFiles {
public:
    // `config` has the present contents of the files.
    ChangingTlsFiles(TlsFiles files, net::TlsConfig config);

    // The current configuration.
    const net::TlsConfig& config() const { return config_; }
    // Checks the files, and reads them if they have changed. The old configuration stays while a
    // file is missing or broken, or the certificate and the key do not belong together.
    void look();
    // What was wrong at the last look. Names the file, and never quotes it.
    const std::optional<std::string>& problem() const { return problem_; }

private:
    // The result of stat; all zero: the file is missing.
    struct Mark {
        std::uint64_t device = 0, inode = 0, size = 0;
        std::int64_t changed_ns = 0;
        bool operator==(const Mark&) const = default;
    };
    using Marks = std::array<Mark, 3>;

    Marks marks() const;
    void read_again();

    TlsFiles files_;
    net::TlsConfig config_;
    Marks marks_{}; // of the files when they were last read; zero: read them again
    std::optional<std::string> problem_;
};

} // namespace le_run::kubernetes
