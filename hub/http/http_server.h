// The HTTP server: one acceptor that deals connections out to N loops. HTTP/1.1 with keep-alive, pipelining, Expect:
// 100-continue, deadlines and limits. It knows nothing of alerts.
#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "hub/http/peers.h"
#include "hub/http/request_handler.h"
#include "hub/http/tls_server.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace hub {

struct HttpServerOptions {
  std::string address = "127.0.0.1";                         // "": every address of the machine
  std::uint16_t port = 2801;                                 // 0: any free one
  unsigned loops = 0;                                        // 0: one a core
  std::size_t body_bytes = 8 << 20;                          // of one request; beyond: 413
  std::size_t header_bytes = 16 << 10;                       // beyond: 431
  std::size_t connections = 8192;                            // more wait in the kernel
  std::size_t pipelined = 64;                                // requests of one connection under way
  core::Duration header_deadline = std::chrono::seconds{5};  // from the first byte of a request
  core::Duration body_deadline = std::chrono::seconds{15};
  core::Duration idle_deadline = std::chrono::seconds{60};
  core::Duration handshake_deadline = std::chrono::seconds{5};
  PeerQuota quota;                       // of one address
  std::shared_ptr<TlsServer> tls;        // set: `port` speaks TLS
  std::vector<std::string> plain_paths;  // with tls: served in clear, on plain_port, and no longer on `port`
  std::uint16_t plain_port = 2810;
  std::function<void(std::string_view reason)> refused = [](std::string_view) {
  };  // any loop: a request or connection was
};

class HttpServer {
 public:
  using MakeHandler = std::function<std::unique_ptr<RequestHandler>(unsigned loop)>;

  // Listens and serves from here on. Fault::Io with a sentence that names the address: taken, not ours, not allowed.
  static core::Result<std::unique_ptr<HttpServer>> open(HttpServerOptions options, const MakeHandler& make_handler);

  // Every Reply has been answered or let go before this.
  ~HttpServer();

  std::uint16_t port() const;
  std::uint16_t plain_port() const;  // 0: there is none
  std::size_t connections() const;

  // Closes the port; connections without a request are closed, the others get their answers. Returns when all are gone,
  // or after `grace`. Then the rest is cut and the loops end. Not from a loop's thread.
  void stop(core::Duration grace);

 private:
  struct Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hub
