// A server that says what a test tells it to: plain sockets on loopback, a thread a connection, so that it can
// misbehave in every way that a real library would not let it. The script is asked once a request, on the connection's
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace test {

struct StubRequest {
  std::size_t connection = 0;  // from 1
  std::size_t number = 0;      // on this connection, from 1
  std::string head;            // request line and headers, with their line ends
  std::string body;
};

struct StubAnswer {
  enum class Then { Keep, Close, Hang };
  std::string bytes;
  Then then = Then::Keep;
};

// "HTTP/1.1 <status> …" with Content-Length; `headers` with their line ends.
std::string http_answer(int status, const std::string& body, const std::string& headers = {});

struct StubTls {
  std::string certificate_file, key_file;
};

class StubServer {
 public:
  using Script = std::function<StubAnswer(const StubRequest&)>;

  explicit StubServer(Script script, const StubTls& tls = {});
  ~StubServer();  // ends all connections

  std::uint16_t port() const;
  std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const;
  std::vector<StubRequest> requests() const;
  std::size_t connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace test
