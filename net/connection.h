// One connection of the HTTP client, plain or TLS, and the watch that ends it when its deadline passes.
// One timer serves all connections of a client: arming one for each request would cost more than writing its header.
#pragma once

#include "net/url.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace net {

using SteadyTime = std::chrono::steady_clock::time_point;

class Connection;

class DeadlineWatch : public std::enable_shared_from_this<DeadlineWatch> {
 public:
  explicit DeadlineWatch(const boost::asio::any_io_executor& executor) : timer_{executor} {}
  void add(Connection* connection) { connections_.push_back(connection); }
  void remove(Connection* connection);
  void no_later_than(SteadyTime deadline);  // looks at all connections then, or earlier

 private:
  void look();

  boost::asio::steady_timer timer_;
  SteadyTime next_ = SteadyTime::max();
  std::vector<Connection*> connections_;
};

class Connection {
 public:
  Connection(const boost::asio::any_io_executor& executor, std::shared_ptr<DeadlineWatch> watch);
  ~Connection();
  Connection(const Connection&) = delete;

  void set_deadline(SteadyTime deadline);
  SteadyTime deadline() const { return deadline_; }
  // Ends whatever is under way on it with operation_aborted. Used by the watch.
  void expire();
  bool expired() const { return expired_; }

  // One attempt of TCP connection; the socket is left closed on failure.
  boost::asio::awaitable<boost::system::error_code> connect(boost::asio::ip::tcp::endpoint endpoint);
  // TLS with SNI and verification of `host`, a name or an address. On failure the text of what is wrong, else "".
  boost::asio::awaitable<std::string> handshake(std::shared_ptr<boost::asio::ssl::context> context, std::string host);

  boost::asio::awaitable<boost::system::error_code> write(std::string_view head, std::string_view body);
  // Appends what came to buffer().
  boost::asio::awaitable<boost::system::error_code> read_some();
  std::string& buffer() { return buffer_; }

 private:
  using Socket = boost::asio::ip::tcp::socket;
  Socket socket_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::unique_ptr<boost::asio::ssl::stream<Socket&>> tls_;
  std::string buffer_;
  std::shared_ptr<DeadlineWatch> watch_;
  SteadyTime deadline_ = SteadyTime::max();
  bool expired_ = false;
};

}  // namespace net
