#include "tests/unit/hub/serve/client.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace hub::test {
namespace {

constexpr int kDeadline = 20'000;  // milliseconds; only a failing test waits for it

}  // namespace

std::string Answer::header(std::string_view name) const {
  const std::string start = fmt::format("\r\n{}: ", name);
  const auto at = head.find(start);
  if (at == std::string::npos) return {};
  return head.substr(at + start.size(), head.find("\r\n", at + 2) - at - start.size());
}

Client::Client(std::uint16_t port) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error{"connect"};
}

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

void Client::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written <= 0) return;  // refused half-way: the answer says why
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool Client::more() {
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, kDeadline) != 1) throw std::runtime_error{"no answer in time"};
  char buffer[65536];
  const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  in_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

Answer Client::read() {
  Answer answer;
  std::size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos)
    if (!more()) return answer;
  answer.head = in_.substr(0, end + 2);
  in_.erase(0, end + 4);
  const std::size_t length = std::strtoul(answer.header("Content-Length").c_str(), nullptr, 10);
  while (in_.size() < length)
    if (!more()) return answer;
  answer.body = in_.substr(0, length);
  in_.erase(0, length);
  answer.status = std::atoi(answer.head.c_str() + 9);
  return answer;
}

bool Client::at_end() {
  while (more()) {
  }
  return in_.empty();
}

void Client::shut() {
  ::shutdown(fd_, SHUT_WR);
}

void Client::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(fd_);
  fd_ = -1;
}

Answer Client::post(std::string_view body, std::string_view headers, std::string_view target) {
  write(fmt::format("POST {} HTTP/1.1\r\nHost: hub\r\n{}Content-Length: {}\r\n\r\n{}", target, headers, body.size(),
                    body));
  return read();
}

Answer Client::get(std::string_view target) {
  write(fmt::format("GET {} HTTP/1.1\r\nHost: hub\r\n\r\n", target));
  return read();
}

}  // namespace hub::test
