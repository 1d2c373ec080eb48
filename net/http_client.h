// The one HTTP client: Beast coroutines, TLS with verification, keep-alive pool per origin, deadlines, a bound on the reply, no redirects.
// Belongs to one executor (the delivery loop, or a tool's own io_context); not thread-safe. Kept behind a pointer so that Beast stays inside.
#pragma once

#include "core/clock.h"
#include "net/egress.h"
#include "net/http_message.h"
#include "net/tls.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>

namespace net {

struct HttpClientOptions {
  core::Duration connect_timeout = std::chrono::seconds{5};   // resolve + connect + TLS handshake
  core::Duration total_timeout = std::chrono::seconds{30};    // the whole exchange, connect included
  std::size_t max_reply_bytes = 1 << 20;
  std::size_t idle_connections = 8;                           // kept a origin
  core::Duration idle_timeout = std::chrono::seconds{30};
  TlsOptions tls;
  Egress egress;
};

class HttpClient {
 public:
  // Fault: the TLS files cannot be used.
  static core::Result<std::unique_ptr<HttpClient>> make(boost::asio::any_io_executor executor, HttpClientOptions options);
  virtual ~HttpClient() = default;

  // Sends and reads one reply of any status; 3xx is a reply like another, never followed. A kept connection that turns out closed before
  // any byte of the reply came is replaced by a fresh one, once. Faults: Timeout (a deadline passed; the request may have arrived),
  // Unreachable (resolve, connect, TLS: the request did not arrive), Io (broken off in between; it may have arrived), Invalid (the reply is
  // not HTTP, or a header of the request has CR, LF or NUL). `what` names the origin, never the path, query or credentials.
  virtual boost::asio::awaitable<core::Result<HttpReply>> exchange(HttpRequest request) = 0;
};

}  // namespace net
