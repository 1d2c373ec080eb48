#include "tests/unit/detector/app/stub_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace detector {
namespace {

int listen_on(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 16) != 0) throw std::runtime_error{std::strerror(errno)};
  return fd;
}

int port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

struct StubReceiver::State {
  Script script;
  int listener = -1;
  std::atomic<bool> stopping{false};
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::vector<Seen> seen;
  std::vector<std::thread> threads;
  std::thread acceptor;

  bool readable(int fd) const {
    while (!stopping) {
      pollfd wait{fd, POLLIN, 0};
      if (::poll(&wait, 1, 20) > 0) return true;
    }
    return false;
  }

  void accept_all() {
    for (int number = 1; readable(listener); ++number) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) threads.emplace_back([this, fd, number] { serve(fd, number); });
    }
  }

  void serve(int fd, int number) {
    std::string text;
    while (answer_one(fd, number, text)) {}
    ::close(fd);
  }

  bool more(int fd, std::string& text) const {
    char piece[4096];
    if (!readable(fd)) return false;
    const auto size = ::recv(fd, piece, sizeof piece, 0);
    if (size > 0) text.append(piece, static_cast<std::size_t>(size));
    return size > 0;
  }

  bool answer_one(int fd, int number, std::string& text) {
    while (text.find("\r\n\r\n") == std::string::npos) {
      if (!more(fd, text)) return false;
    }
    const auto end = text.find("\r\n\r\n");
    Seen request{.connection = number};
    for (auto at = text.find("\r\n") + 2; at < end;) {
      const auto stop = text.find("\r\n", at);
      const auto colon = text.find(": ", at);
      std::string name = text.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), ::tolower);
      request.headers[name] = text.substr(colon + 2, stop - colon - 2);
      at = stop + 2;
    }
    const auto size = request.headers.contains("content-length") ? std::stoul(request.headers["content-length"]) : 0;
    while (text.size() < end + 4 + size) {
      if (!more(fd, text)) return false;
    }
    request.body = text.substr(end + 4, size);
    text.erase(0, end + 4 + size);

    Answer answer;
    {
      const std::lock_guard lock{mutex};
      answer = script(request, seen.size());
      seen.push_back(request);
      changed.notify_all();
    }
    if (answer.hang_up) return false;
    std::string reply = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\n" + (answer.hub ? "Tocsin-Hub: 1\r\n" : "") +
                        "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
    return ::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(reply.size());
  }
};

StubReceiver::StubReceiver(Script script, int port) : state_{std::make_unique<State>()} {
  state_->script = std::move(script);
  state_->listener = listen_on(port);
  state_->acceptor = std::thread{[state = state_.get()] { state->accept_all(); }};
}

StubReceiver::~StubReceiver() {
  state_->stopping = true;
  state_->acceptor.join();
  for (auto& thread : state_->threads) thread.join();
  ::close(state_->listener);
}

int StubReceiver::port() const { return port_of(state_->listener); }
std::string StubReceiver::url() const { return "http://127.0.0.1:" + std::to_string(port()) + "/"; }

bool StubReceiver::wait_for(std::size_t requests) const {
  std::unique_lock lock{state_->mutex};
  return state_->changed.wait_for(lock, std::chrono::seconds{10}, [&] { return state_->seen.size() >= requests; });
}

std::vector<Seen> StubReceiver::seen() const {
  const std::lock_guard lock{state_->mutex};
  return state_->seen;
}

int free_port() {
  const int fd = listen_on(0);
  const int port = port_of(fd);
  ::close(fd);
  return port;
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

}  // namespace detector
