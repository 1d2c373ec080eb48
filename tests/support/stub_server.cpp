// Blocking sockets throughout: a stub that waits is the easiest one to believe.
#include "tests/support/stub_server.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <list>
#include <mutex>
#include <optional>
#include <thread>

#include <sys/socket.h>

namespace test {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

std::size_t body_length(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

}  // namespace

std::string http_answer(int status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

struct StubServer::State {
  Script script;
  asio::io_context loop;
  Tcp::acceptor acceptor{loop, Tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  std::optional<asio::ssl::context> tls;
  mutable std::mutex mutex;
  std::list<Tcp::socket> sockets;
  std::vector<StubRequest> seen;
  std::size_t connections = 0;
  std::list<std::thread> threads;
  bool ending = false;

  void accept() {
    while (true) {
      Tcp::socket socket{loop};
      boost::system::error_code error;
      acceptor.accept(socket, error);
      const std::lock_guard lock{mutex};
      if (ending || error) return;
      sockets.push_back(std::move(socket));
      const std::size_t number = ++connections;
      threads.emplace_back([this, number, &mine = sockets.back()] { serve(mine, number); });
    }
  }

  void serve(Tcp::socket& socket, std::size_t number) {
    if (!tls) return converse(socket, socket, number);
    asio::ssl::stream<Tcp::socket&> stream{socket, *tls};
    boost::system::error_code error;
    stream.handshake(asio::ssl::stream_base::server, error);
    if (!error) converse(stream, socket, number);
    ::shutdown(socket.native_handle(), SHUT_RDWR);
  }

  template <class Stream>
  void converse(Stream& stream, Tcp::socket& socket, std::size_t connection) {
    std::string bytes;
    boost::system::error_code error;
    const auto more = [&] {
      char chunk[16384];
      const std::size_t size = stream.read_some(asio::buffer(chunk), error);
      bytes.append(chunk, size);
      return !error;
    };
    for (std::size_t number = 1;; ++number) {
      std::size_t end = 0;
      while ((end = bytes.find("\r\n\r\n")) == std::string::npos)
        if (!more()) return;
      StubRequest request{connection, number, bytes.substr(0, end + 2), {}};
      const std::size_t size = end + 4 + body_length(request.head);
      while (bytes.size() < size)
        if (!more()) return;
      request.body = bytes.substr(end + 4, size - end - 4);
      bytes.erase(0, size);
      const StubAnswer answer = script(request);
      {
        const std::lock_guard lock{mutex};
        seen.push_back(std::move(request));
      }
      asio::write(stream, asio::buffer(answer.bytes), error);
      if (answer.then == StubAnswer::Then::Close) {
        ::shutdown(socket.native_handle(), SHUT_RDWR);
        return;
      }
      if (answer.then == StubAnswer::Then::Hang)
        while (more()) {
        }
      if (error) return;
    }
  }
};

StubServer::StubServer(Script script, const StubTls& tls) : state_{std::make_unique<State>()} {
  state_->script = std::move(script);
  if (!tls.certificate_file.empty()) {
    state_->tls.emplace(asio::ssl::context::tls_server);
    state_->tls->use_certificate_chain_file(tls.certificate_file);
    state_->tls->use_private_key_file(tls.key_file, asio::ssl::context::pem);
  }
  state_->threads.emplace_back([this] { state_->accept(); });
}

StubServer::~StubServer() {
  {
    const std::lock_guard lock{state_->mutex};
    state_->ending = true;
    for (Tcp::socket& socket : state_->sockets) ::shutdown(socket.native_handle(), SHUT_RDWR);
  }
  ::shutdown(state_->acceptor.native_handle(), SHUT_RDWR);  // wakes accept()
  for (std::thread& thread : state_->threads) thread.join();
}

std::uint16_t StubServer::port() const {
  return state_->acceptor.local_endpoint().port();
}

std::string StubServer::url(const std::string& path, const std::string& host) const {
  return (state_->tls ? "https://" : "http://") + host + ":" + std::to_string(port()) + path;
}

std::vector<StubRequest> StubServer::requests() const {
  const std::lock_guard lock{state_->mutex};
  return state_->seen;
}

std::size_t StubServer::connections() const {
  const std::lock_guard lock{state_->mutex};
  return state_->connections;
}

}  // namespace test
