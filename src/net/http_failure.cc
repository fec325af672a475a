#include "net/http_failure.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <openssl/err.h>

namespace le_run::net {

namespace {

// cpprest passes OpenSSL's packed error on as if it were an errno.
std::string tls_reason(int code) {
    const auto packed = static_cast<unsigned long>(code);
    if (code <= 0 || ERR_GET_LIB(packed) != ERR_LIB_SSL)
        return {};
    const char* reason = ERR_reason_error_string(packed);
    return reason == nullptr ? "TLS error " + std::to_string(ERR_GET_REASON(packed)) : reason;
}

} // namespace

std::string describe_connect(int code) {
    switch (code) {
    case ECONNREFUSED:
    case EHOSTUNREACH: // cpprest makes this of ECONNREFUSED too
        return "connection refused or host unreachable";
    case ENETUNREACH:
        return "network unreachable";
    case ETIMEDOUT:
        return "connecting timed out";
    default:
        return "connecting failed, error " + std::to_string(code);
    }
}

bool failed_while_writing(const WireFailure& failure) {
    return failure.what.starts_with("Failed to write request");
}

std::string describe(const WireFailure& failure) {
    if (!failure.trust.empty())
        return failure.trust;
    if (!failure.proxy.empty())
        return failure.proxy;
    if (failure.is_too_large)
        return "the answer is too large";
    const std::string& what = failure.what;
    const std::string reason = tls_reason(failure.code);
    if (what.starts_with("Error in SSL handshake")) {
        if (reason == "wrong version number")
            return "TLS handshake failed: the server does not speak TLS on this port";
        return reason.empty() ? "the server closed the connection during the TLS handshake"
                              : "TLS handshake failed: " + reason;
    }
    if (!reason.empty())
        return "the server ended the TLS connection: " + reason;
    if (what.starts_with("Failed to connect"))
        return describe_connect(failure.code);
    if (failed_while_writing(failure))
        return "the server closed the connection while the request was being sent";
    if (what.starts_with("Failed to read HTTP status line"))
        return "the server closed the connection without an answer";
    if (what.starts_with("Invalid HTTP status line") ||
        what.starts_with("Invalid chunked response"))
        return "the answer is not valid HTTP";
    if (what.starts_with("Failed to read response body") ||
        what.starts_with("Retrieving message chunk") || what.starts_with("Failed to read chunk") ||
        what.starts_with("Failed to read body"))
        return "the answer broke off";
    return what;
}

std::optional<Duration> parse_retry_after(const std::string& value) {
    constexpr long long kLongest = 24 * 60 * 60;
    if (value.empty() ||
        !std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return std::nullopt;
    long long seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc{})
        seconds = kLongest; // more digits than a number holds
    return std::chrono::seconds(std::min(seconds, kLongest));
}

std::string text_of(Duration duration) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    if (ms < 1000)
        return std::to_string(ms) + " ms";
    const auto tenths = ms / 100;
    const std::string whole = std::to_string(tenths / 10);
    return tenths % 10 == 0 ? whole + " s" : whole + "." + std::to_string(tenths % 10) + " s";
}

} // namespace le_run::net
