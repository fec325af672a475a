#include "net/http_failure.h"

#include <cerrno>

#include <openssl/err.h>
#include <openssl/sslerr.h>

namespace le_run::net {

namespace {

// cpprest gives OpenSSL's packed error as if it were an errno.
std::string tls_reason(int code) {
    const auto packed = static_cast<unsigned long>(code);
    if (code <= 0 || ERR_GET_LIB(packed) != ERR_LIB_SSL) {
        return {};
    }
    const char* reason = ERR_reason_error_string(packed);
    return reason == nullptr ? "TLS error " + std::to_string(ERR_GET_REASON(packed)) : reason;
}

// The beginning of a text from cpprest, and its meaning.
struct Words {
    const char* what;
    const char* text;
    bool may_be_tls = false; // a server that needs TLS may cause this
};
constexpr Words kWords[] = {
    {"Failed to write request", "the server closed the connection while the request was being sent",
     true},
    {"Failed to read HTTP status line", "the server closed the connection without an answer", true},
    // This error prevents that cpprest sends a write again by itself; see body_for_one_try().
    {"cannot rewind input stream", "the server closed the connection without an answer"},
    {"Invalid HTTP status line", "the answer is not valid HTTP", true},
    {"Invalid chunked response", "the answer is not valid HTTP"},
    {"Failed to read response body", "the answer broke off"},
    {"Retrieving message chunk", "the answer broke off"},
    {"Failed to read chunk", "the answer broke off"},
    {"Failed to read body", "the answer broke off"},
};

// A part of OpenSSL's reason, and its meaning.
constexpr Words kTlsWords[] = {
    {"wrong version number", "the server does not speak TLS on this port; check the port, or write "
                             "http:// if that is meant"},
    {"alert handshake failure",
     "the server wants a client certificate, or knows none of the ciphers; give one in the "
     "kubeconfig if it has none"},
    {"alert certificate required",
     "the server wants a client certificate; give one in the kubeconfig"},
    {"alert bad certificate", "the server does not accept the client certificate; renew it"},
    {"alert certificate", "the server does not accept the client certificate; renew it"},
    {"alert unknown ca", "the server does not know the CA of the client certificate; get one that "
                         "is signed for this cluster"},
};

std::string describe_tls(const std::string& reason) {
    for (const auto& each : kTlsWords) {
        if (reason.find(each.what) != std::string::npos) {
            return each.text;
        }
    }
    return reason;
}

} // namespace

std::string describe_connect(int code) {
    switch (code) {
    case ECONNREFUSED:
    case EHOSTUNREACH: // cpprest reports ECONNREFUSED as this too
        return "connection refused or host unreachable";
    case ENETUNREACH:
        return "network unreachable";
    case ETIMEDOUT:
        return "connecting timed out";
    default:
        return "connecting failed, error " + std::to_string(code);
    }
}

bool is_distrust(int code) {
    const auto packed = static_cast<unsigned long>(code);
    return code > 0 && ERR_GET_LIB(packed) == ERR_LIB_SSL &&
           ERR_GET_REASON(packed) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

bool failed_while_writing(const WireFailure& failure) {
    return failure.what.starts_with("Failed to write request");
}

std::string describe(const WireFailure& failure) {
    if (!failure.trust.text.empty()) {
        return failure.trust.text;
    }
    if (!failure.proxy.empty()) {
        return failure.proxy;
    }
    if (failure.is_too_large) {
        return "the answer is too large; check that this is the API server's address";
    }
    const std::string& what = failure.what;
    const std::string reason = tls_reason(failure.code);
    if (what.starts_with("Error in SSL handshake")) {
        return reason.empty() ? "the server closed the connection during the TLS handshake; check "
                                "that this is the API server's port"
                              : "TLS handshake failed: " + describe_tls(reason);
    }
    if (!reason.empty()) {
        return "the server ended the TLS connection: " + describe_tls(reason);
    }
    if (what.starts_with("Failed to connect")) {
        return describe_connect(failure.code) +
               "; check that the server runs, and its host and port";
    }
    for (const auto& each : kWords) {
        if (what.starts_with(each.what)) {
            return std::string(each.text) + (failure.is_plain && each.may_be_tls
                                                 ? "; if it speaks TLS on this port, write https://"
                                                 : "");
        }
    }
    return what;
}

} // namespace le_run::net
