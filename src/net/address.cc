#include "net/address.h"

#include <boost/asio/ip/address.hpp>

namespace le_run::net {

bool is_ip_literal(const std::string& host) {
    boost::system::error_code failed;
    boost::asio::ip::make_address(host, failed);
    return !failed;
}

std::string authority(const std::string& host, const std::string& port) {
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + port;
}

} // namespace le_run::net
