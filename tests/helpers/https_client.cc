#include "helpers/https_client.h"

#include <csignal>
#include <memory>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace le_run::test {
namespace {

struct Socket {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ~Socket() { ::close(fd); }
};

bool connect_to(const Socket& socket, const HttpsRequest& request, std::chrono::seconds patience) {
    const timeval limit{static_cast<time_t>(patience.count()), 0};
    ::setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(request.port)));
    return ::inet_pton(AF_INET, request.host.c_str(), &address.sin_addr) == 1 &&
           ::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool trust(SSL_CTX* context, const std::string& ca_pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(
        BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size())), &BIO_free_all);
    const std::unique_ptr<X509, decltype(&X509_free)> ca(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    return ca != nullptr && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get()) == 1;
}

std::string text_of(const HttpsRequest& request) {
    std::string text =
        request.method + " " + request.path + " HTTP/1.0\r\nHost: " + request.host + "\r\n";
    if (!request.token.empty()) {
        text += "Authorization: Bearer " + request.token + "\r\n";
    }
    if (!request.body.empty()) {
        text += "Content-Type: " + request.content_type +
                "\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    return text + "Accept: application/json\r\n\r\n" + request.body;
}

HttpsReply parse(const std::string& answer) {
    const auto blank_line = answer.find("\r\n\r\n");
    if (answer.rfind("HTTP/1.", 0) != 0 || blank_line == std::string::npos) {
        return {0, "no HTTP answer"};
    }
    return {std::stoi(answer.substr(9, 3)), answer.substr(blank_line + 4)};
}

} // namespace

HttpsReply https_request(const HttpsRequest& request, std::chrono::seconds patience) {
    std::signal(SIGPIPE, SIG_IGN); // a server that goes away must not end the test
    const Socket socket;
    if (!connect_to(socket, request, patience)) {
        return {0, "cannot connect"};
    }
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    if (!trust(context.get(), request.ca_pem)) {
        return {0, "the CA cannot be read"};
    }
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), &SSL_free);
    SSL_set_fd(tls.get(), socket.fd);
    const std::string text = text_of(request);
    if (SSL_connect(tls.get()) != 1 ||
        SSL_write(tls.get(), text.data(), static_cast<int>(text.size())) !=
            static_cast<int>(text.size())) {
        ERR_clear_error();
        return {0, "TLS failed"};
    }
    std::string answer;
    char buffer[16384];
    for (int count = 0; (count = SSL_read(tls.get(), buffer, sizeof buffer)) > 0;) {
        answer.append(buffer, static_cast<std::size_t>(count));
    }
    ERR_clear_error();
    return parse(answer);
}

} // namespace le_run::test
