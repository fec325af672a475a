// A server for answers that no API server gives on demand: plain HTTP on a loopback port, on the
// test's own loop.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

namespace le_run::test {

class ScriptedServer {
public:
    explicit ScriptedServer(boost::asio::io_context& loop) : state_(std::make_shared<State>(loop)) {
        accept(state_);
    }
    // Connections end; what the loop still holds of them does nothing.
    ~ScriptedServer() {
        state_->acceptor.close();
        for (const auto& connection : state_->connections) {
            connection->socket.close();
        }
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    std::string port() const { return std::to_string(state_->acceptor.local_endpoint().port()); }

    // The answers in the order of the requests; `headers` are whole lines. A request without an
    // answer hangs.
    void answer(int status, const std::string& body, const std::string& headers = "") {
        state_->answers.push_back("HTTP/1.1 " + std::to_string(status) + " Scripted\r\n" + headers +
                                  "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                                  body);
    }
    // The same to the oldest request that has none yet.
    void answer_hanging(int status, const std::string& body) {
        answer(status, body);
        const auto connection = state_->hanging.front();
        state_->hanging.pop_front();
        write_answer(state_, connection);
    }
    // These bytes, and then silence.
    void answer_open(const std::string& bytes) { state_->answers.push_back(bytes); }
    // These bytes, then the end of the connection.
    void answer_raw(const std::string& bytes) { state_->answers.push_back("!" + bytes); }

    // Everything received, head and body together, one for each request.
    const std::vector<std::string>& requests() const { return state_->requests; }

private:
    using tcp = boost::asio::ip::tcp;
    struct Connection {
        explicit Connection(tcp::socket s) : socket(std::move(s)) {}
        tcp::socket socket;
        boost::asio::streambuf buffer;
        std::string request;
        std::string answer;
    };
    struct State {
        explicit State(boost::asio::io_context& loop)
            : acceptor(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {}
        tcp::acceptor acceptor;
        std::deque<std::string> answers;
        std::vector<std::string> requests;
        std::deque<std::shared_ptr<Connection>> hanging;
        std::vector<std::shared_ptr<Connection>> connections; // kept open while nothing is read
    };
    using StatePtr = std::shared_ptr<State>;
    using ConnectionPtr = std::shared_ptr<Connection>;

    static void accept(const StatePtr& state) {
        state->acceptor.async_accept([state](boost::system::error_code error, tcp::socket socket) {
            if (error) {
                return;
            }
            const auto connection = std::make_shared<Connection>(std::move(socket));
            state->connections.push_back(connection);
            read_head(state, connection);
            accept(state);
        });
    }

    static void take(Connection& connection, std::size_t count) {
        const auto begin = boost::asio::buffers_begin(connection.buffer.data());
        connection.request.append(begin, begin + static_cast<std::ptrdiff_t>(count));
        connection.buffer.consume(count);
    }

    static void read_head(const StatePtr& state, const ConnectionPtr& connection) {
        connection->request.clear();
        boost::asio::async_read_until(
            connection->socket, connection->buffer, "\r\n\r\n",
            [state, connection](boost::system::error_code error, std::size_t size) {
                if (error) {
                    return;
                }
                take(*connection, size);
                read_body(state, connection);
            });
    }

    static void read_body(const StatePtr& state, const ConnectionPtr& connection) {
        const std::string field = "Content-Length:"; // with or without a blank after it
        const auto found = connection->request.find(field);
        const std::size_t size = found == std::string::npos
                                     ? 0
                                     : std::stoul(connection->request.substr(found + field.size()));
        const std::size_t here = std::min(size, connection->buffer.size());
        boost::asio::async_read(
            connection->socket, connection->buffer, boost::asio::transfer_exactly(size - here),
            [state, connection, size](boost::system::error_code error, std::size_t) {
                if (error) {
                    return;
                }
                take(*connection, size);
                respond(state, connection);
            });
    }

    static void respond(const StatePtr& state, const ConnectionPtr& connection) {
        state->requests.push_back(connection->request);
        if (state->answers.empty()) {
            state->hanging.push_back(connection); // until the server ends, or answer_hanging()
            return;
        }
        write_answer(state, connection);
    }

    static void write_answer(const StatePtr& state, const ConnectionPtr& connection) {
        connection->answer = state->answers.front();
        state->answers.pop_front();
        const bool ends = connection->answer.front() == '!';
        if (ends) {
            connection->answer.erase(0, 1);
        }
        boost::asio::async_write(
            connection->socket, boost::asio::buffer(connection->answer),
            [state, connection, ends](boost::system::error_code error, std::size_t) {
                if (error) {
                    return;
                }
                if (ends) {
                    connection->socket.close();
                } else {
                    read_head(state, connection);
                }
            });
    }

    StatePtr state_;
};

} // namespace le_run::test
