// A client that writes bytes and reads answers, byte for byte as a test wants them. Each read has a deadline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hub::test {

struct Answer {
  int status = 0;  // 0: the connection ended instead
  std::string head, body;
  std::string header(std::string_view name) const;  // "" : not there
};

class Client {
 public:
  explicit Client(std::uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void write(std::string_view bytes);
  Answer read();  // one answer (100 Continue is one too)
  bool at_end();  // waits for the other side to close
  void shut();    // our side: half closed
  void reset();   // the connection breaks, as a killed client's does
  Answer post(std::string_view body, std::string_view headers = {}, std::string_view target = "/");
  Answer get(std::string_view target);

 private:
  bool more();
  int fd_;
  std::string in_;
};

}  // namespace hub::test
