#include "kubernetes/tls_files.h"

#include <ctime>
#include <utility>
#include <variant>

#include <sys/stat.h>

#include "base/small_file.h"
#include "kubernetes/pem.h"

namespace le_run::kubernetes {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
}

struct Problem {
    std::string text;
};

// Nothing: the text is not from a file.
std::optional<std::string> read(const std::string& path) {
    if (path.empty()) {
        return std::nullopt;
    }
    auto bytes = read_small_file(path, kMaxSecretFile, MayWait::kNo);
    if (const auto* error = std::get_if<FileError>(&bytes)) {
        throw Problem{path + " " + error->text};
    }
    return std::get<std::string>(std::move(bytes));
}

void demand(const std::string& path, const std::optional<std::string>& wrong) {
    if (wrong) {
        throw Problem{path + " " + *wrong};
    }
}

} // namespace

ChangingTlsFiles::ChangingTlsFiles(TlsFiles files, net::TlsConfig config)
    : files_(std::move(files)), config_(std::move(config)) {}

ChangingTlsFiles::Marks ChangingTlsFiles::marks() const {
    Marks all;
    const std::string* const paths[] = {&files_.ca, &files_.client_certificate, &files_.client_key};
    for (std::size_t i = 0; i < all.size(); ++i) {
        struct stat info{};
        if (!paths[i]->empty() && ::stat(paths[i]->c_str(), &info) == 0) {
            all[i] = {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size),
                      info.st_ctim.tv_sec * kSecond + info.st_ctim.tv_nsec};
        }
    }
    return all;
}

void ChangingTlsFiles::look() {
    if (files_.ca.empty() && files_.client_certificate.empty() && files_.client_key.empty()) {
        return;
    }
    const Marks now = marks();
    if (now == marks_ && !problem_) {
        return;
    }
    // If the last change is very young, a further change could have the same time: look once more.
    bool is_settled = true;
    for (const Mark& mark : now) {
        is_settled = is_settled && (mark == Mark{} || now_ns() - mark.changed_ns > kSecond);
    }
    marks_ = is_settled ? now : Marks{};
    try {
        read_again();
        problem_.reset();
    } catch (const Problem& problem) {
        problem_ = problem.text;
    }
}

void ChangingTlsFiles::read_again() {
    net::TlsConfig config = config_;
    if (auto ca = read(files_.ca)) {
        demand(files_.ca, wrong_with_certificates(*ca));
        config.ca_pem = std::move(ca);
    }
    if (auto certificate = read(files_.client_certificate)) {
        demand(files_.client_certificate, wrong_with_certificates(*certificate));
        config.client_certificate_pem = *std::move(certificate);
    }
    if (auto key = read(files_.client_key)) {
        demand(files_.client_key, wrong_with_key(*key));
        config.client_key_pem = *std::move(key);
    }
    if (!config.client_key_pem.empty() &&
        !is_pair(config.client_certificate_pem, config.client_key_pem)) {
        throw Problem{(files_.client_key.empty() ? files_.client_certificate : files_.client_key) +
                      " does not belong to the other file of the client certificate and key; write "
                      "the matching pair"};
    }
    config_ = std::move(config);
}

} // namespace le_run::kubernetes
