// The receiver: an HTTP server of one thread that answers 200 and notes how long each alert took from end to end, by
// the `bench.sent` that it carries. It may answer late (a sink far away) and be away for a while (an outage: port and
// connections closed). At SIGTERM it prints one line of JSON.
//   receiver PORT [ANSWER AFTER MS] [AWAY AFTER S] [AWAY FOR S] [EDGE S]…
// EDGEs cut the run into windows, by when an alert was sent after the first one; each has its own p50 and p99.
#include "sample_alert.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <csignal>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace {

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

struct Arrival {
  std::int64_t sent, came;
};

struct Options {
  std::uint16_t port = 0;
  std::int64_t delay = 0, away_after = 0, away_for = 0;
  std::vector<std::int64_t> edges;
};

void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Receiver {
 public:
  explicit Receiver(Options options) : options_{std::move(options)} {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    signal_ = signalfd(-1, &signals, SFD_NONBLOCK);
    watch(signal_);
    listen();
  }

  void run() {
    for (;;) {
      epoll_event events[256];
      const int ready = epoll_wait(poll_, events, 256, patience());
      for (int i = 0; i < ready; ++i) {
        const int fd = events[i].data.fd;
        if (fd == signal_) return;
        if (fd == listener_)
          accept();
        else if (connections_.contains(fd))
          hear(fd);
      }
      answer_late();
      come_and_go();
    }
  }

  void print() {
    std::string windows;
    std::int64_t from = 0;
    const std::int64_t first = arrivals_.empty() ? 0 : first_sent();
    for (const std::int64_t edge : options_.edges) {
      windows += windows.empty() ? "" : ",";
      windows += summary(first + from, first + edge);
      from = edge;
    }
    std::int64_t caught_up = 0, seconds = 0;
    for (const Arrival& each : arrivals_)
      if (back_at_ != 0 && each.sent < back_at_) caught_up = std::max(caught_up, each.came - back_at_);
    if (arrivals_.size() > 1) seconds = arrivals_.back().came - arrivals_.front().came;
    const double rate = seconds > 0 ? 1e9 * static_cast<double>(arrivals_.size()) / static_cast<double>(seconds) : 0;
    fmt::print(
        R"({{"received":{},"distinct":{},"per_second":{:.0f},"all":{},"windows":[{}],"flowed_after_s":{:.2f},"caught_up_after_s":{:.2f}}})"
        "\n",
        arrivals_.size(), numbers_.size(), rate, summary(INT64_MIN, INT64_MAX), windows,
        first_back_ != 0 ? static_cast<double>(first_back_ - back_at_) / 1e9 : -1.0,
        static_cast<double>(caught_up) / 1e9);
  }

 private:
  std::int64_t first_sent() const {
    return std::min_element(arrivals_.begin(), arrivals_.end(), [](auto& a, auto& b) { return a.sent < b.sent; })->sent;
  }

  std::string summary(std::int64_t from, std::int64_t to) const {
    std::vector<std::int64_t> took;
    for (const Arrival& each : arrivals_)
      if (each.sent >= from && each.sent < to) took.push_back(each.came - each.sent);
    std::sort(took.begin(), took.end());
    const auto at = [&](double share) {
      return took.empty()
                 ? 0.0
                 : static_cast<double>(took[static_cast<std::size_t>(share * static_cast<double>(took.size() - 1))]) /
                       1e6;
    };
    return fmt::format(R"({{"alerts":{},"p50_ms":{:.2f},"p99_ms":{:.2f},"max_ms":{:.1f}}})", took.size(), at(0.5),
                       at(0.99), at(1));
  }

  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event);
  }

  void listen() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("bind");
    if (::listen(listener_, 1024) != 0) die("listen");
    watch(listener_);
  }

  void accept() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_[fd].clear();
    watch(fd);
  }

  void close(int fd) {
    ::close(fd);
    connections_.erase(fd);
    std::erase_if(late_, [fd](const auto& each) { return each.second == fd; });
  }

  void hear(int fd) {
    char buffer[65536];
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got <= 0) return close(fd);
    std::string& in = connections_[fd];
    in.append(buffer, static_cast<std::size_t>(got));
    for (;;) {
      const auto head = in.find("\r\n\r\n");
      if (head == std::string::npos) return;
      const auto length = in.find("Content-Length: ");
      const std::size_t body =
          length == std::string::npos || length > head ? 0 : std::strtoul(in.c_str() + length + 16, nullptr, 10);
      const std::size_t whole = head + 4 + body;
      if (in.size() < whole) return;
      note(std::string_view{in}.substr(head + 4, body));
      in.erase(0, whole);
      if (options_.delay > 0)
        late_.emplace_back(bench::nanoseconds_now() + options_.delay, fd);
      else if (write(fd, kAnswer.data(), kAnswer.size()) < 0)
        return close(fd);
    }
  }

  void note(std::string_view body) {
    constexpr std::string_view kNumber = "\"bench.number\":", kSent = "\"bench.sent\":";
    const std::int64_t now = bench::nanoseconds_now();
    for (std::size_t at = 0; (at = body.find(kNumber, at)) != std::string_view::npos;) {
      numbers_.insert(std::strtoull(body.data() + at + kNumber.size(), nullptr, 10));
      at = body.find(kSent, at);
      if (at == std::string_view::npos) return;
      arrivals_.push_back({std::strtoll(body.data() + at + kSent.size(), nullptr, 10), now});
      if (back_at_ != 0 && first_back_ == 0) first_back_ = now;
    }
  }

  void answer_late() {
    const std::int64_t now = bench::nanoseconds_now();
    while (!late_.empty() && late_.front().first <= now) {
      const int fd = late_.front().second;
      late_.pop_front();
      if (write(fd, kAnswer.data(), kAnswer.size()) < 0) close(fd);
    }
  }

  int patience() const {
    if (late_.empty()) return 20;
    const std::int64_t wait = (late_.front().first - bench::nanoseconds_now()) / 1'000'000;
    return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 20));
  }

  // The clock of an outage begins with the first alert.
  void come_and_go() {
    if (options_.away_for == 0 || arrivals_.empty() || back_at_ != 0) return;
    const std::int64_t now = bench::nanoseconds_now();
    const std::int64_t since = now - arrivals_.front().came;
    if (listener_ >= 0 && since >= options_.away_after) {
      ::close(std::exchange(listener_, -1));
      while (!connections_.empty()) close(connections_.begin()->first);
    } else if (listener_ < 0 && since >= options_.away_after + options_.away_for) {
      listen();
      back_at_ = now;
    }
  }

  const Options options_;
  const int poll_ = epoll_create1(0);
  int listener_ = -1, signal_ = -1;
  std::unordered_map<int, std::string> connections_;
  std::deque<std::pair<std::int64_t, int>> late_;
  std::vector<Arrival> arrivals_;
  std::unordered_set<std::uint64_t> numbers_;
  std::int64_t back_at_ = 0, first_back_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    return fmt::print(stderr, "usage: receiver PORT [ANSWER AFTER MS] [AWAY AFTER S] [AWAY FOR S] [EDGE S]...\n"), 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto number = [&](int index) { return argc > index ? std::atof(argv[index]) : 0; };
  Options options;
  options.port = static_cast<std::uint16_t>(number(1));
  options.delay = static_cast<std::int64_t>(number(2) * 1e6);
  options.away_after = static_cast<std::int64_t>(number(3) * 1e9);
  options.away_for = static_cast<std::int64_t>(number(4) * 1e9);
  for (int i = 5; i < argc; ++i) options.edges.push_back(static_cast<std::int64_t>(number(i) * 1e9));
  Receiver receiver{std::move(options)};
  receiver.run();
  receiver.print();
}
