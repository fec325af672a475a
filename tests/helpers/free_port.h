// A loopback port that nobody listens on, for servers that must be told one.
#pragma once

#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace le_run::test {

// What the kernel gives out now; somebody else may take it before the server does, so that whoever
// starts it must be ready to try again.
inline std::string free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool good = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    if (!good) {
        throw std::runtime_error("no free loopback port");
    }
    return std::to_string(ntohs(address.sin_port));
}

} // namespace le_run::test
