// The files of a TLS configuration, read again when they have changed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "net/tls.h"

namespace le_run::kubernetes {

// Paths; empty: not from a file.
struct TlsFiles {
    std::string ca, client_certificate, client_key;
};

// The loop's thread. Looking is a stat of each file, and changed ones are small: done in the call.
class ChangingTlsFiles {
public:
    // `config` is what the files held just now.
    ChangingTlsFiles(TlsFiles files, net::TlsConfig config);

    // The configuration as it is now.
    const net::TlsConfig& config() const { return config_; }
    // Looks at the files, and reads them when they have changed. While one of them is missing or
    // broken, or certificate and key do not belong together, the old configuration stays.
    void look();
    // What is wrong with them, naming the file, since the last look; never its content.
    const std::optional<std::string>& problem() const { return problem_; }

private:
    // What stat tells of a file; all zero: missing.
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
    Marks marks_{}; // of the files as they were read last; zero: not settled then
    std::optional<std::string> problem_;
};

} // namespace le_run::kubernetes
