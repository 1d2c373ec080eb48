// The load: N keep-alive connections, one thread. Without a rate each connection sends its next request as soon as the
// answer is there (a closed loop); with one, alerts are due at even distances and wait for a free connection, and their
// latency counts from when they were due. Prints one line of JSON.
//   load PORT CONNECTIONS SECONDS [ALERTS A REQUEST] [ALERTS A SECOND] [MOST ALERTS]
#include "sample_alert.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kAlarm = ~0ULL;

struct Client {
  int fd = -1;
  std::string in, out;
  Clock::time_point sent;
};

void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Load {
 public:
  Load(std::uint16_t port, std::size_t connections, std::size_t batch, double rate, unsigned long most)
      : clients_(connections), batch_{batch}, most_{most} {
    if (rate > 0) distance_ = std::chrono::nanoseconds{static_cast<long>(1e9 * static_cast<double>(batch) / rate)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      const int fd = clients_[i].fd = socket(AF_INET, SOCK_STREAM, 0);
      const int on = 1;
      if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(fd, i);
      idle_.push_back(i);
    }
    watch(alarm_, kAlarm);
  }

  void run(double seconds) {
    begin_ = Clock::now();
    end_ = begin_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    due_ = begin_;
    send_what_is_due();
    while (!over()) {
      epoll_event events[64];
      const int ready = epoll_wait(poll_, events, 64, 100);
      for (int i = 0; i < ready; ++i) {
        if (events[i].data.u64 == kAlarm) {
          std::uint64_t ignored;
          (void)!read(alarm_, &ignored, sizeof ignored);
        } else {
          hear(clients_[events[i].data.u64], events[i].data.u64);
        }
        if (!idle_.empty()) send_what_is_due();
      }
      if (ready == 0) send_what_is_due();
    }
  }

  void print() {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    std::sort(microseconds_.begin(), microseconds_.end());
    const auto at = [&](double share) {
      return microseconds_.empty()
                 ? 0.0F
                 : microseconds_[static_cast<std::size_t>(share * static_cast<double>(microseconds_.size() - 1))];
    };
    fmt::print(R"({{"acks":{},"per_second":{:.0f},"p50_us":{:.0f},"p99_us":{:.0f},"failed":{},"seconds":{:.3f}}})"
               "\n",
               acknowledged_, static_cast<double>(acknowledged_) / seconds, at(0.5), at(0.99), failed_, seconds);
  }

 private:
  void watch(int fd, std::uint64_t name) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = name;
    epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event);
  }

  // With a rate or a number of alerts every answer is waited for, so that what was sent is what was acknowledged.
  bool over() const {
    const bool all_answered = idle_.size() == clients_.size();
    if (count_ >= most_) return all_answered;
    return Clock::now() >= end_ && (distance_.count() == 0 || all_answered);
  }

  void send_what_is_due() {
    const auto now = Clock::now();
    while (!idle_.empty() && due_ <= now && now < end_ && count_ < most_) {
      Client& client = clients_[idle_.back()];
      idle_.pop_back();
      client.sent = distance_.count() > 0 ? due_ : Clock::now();
      due_ += distance_;
      send(client);
    }
    if (distance_.count() == 0 || idle_.empty() || armed_ == due_) return;
    armed_ = due_;
    const auto wait = std::max<long>(1, std::chrono::nanoseconds{due_ - Clock::now()}.count());
    itimerspec when{};
    when.it_value = {wait / 1'000'000'000, wait % 1'000'000'000};
    timerfd_settime(alarm_, 0, &when, nullptr);
  }

  void send(Client& client) {
    body_.clear();
    if (batch_ > 1) body_ += '[';
    for (std::size_t i = 0; i < batch_; ++i) {
      if (i > 0) body_ += ',';
      bench::append_sample_alert(body_, ++number_, bench::nanoseconds_now());
    }
    if (batch_ > 1) body_ += ']';
    count_ += batch_;
    client.out.clear();
    fmt::format_to(std::back_inserter(client.out),
                   "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: falcosecurity/falco\r\nContent-Type: "
                   "application/json\r\nContent-Length: {}\r\n\r\n",
                   body_.size());
    client.out += body_;
    for (std::string_view left = client.out; !left.empty();) {
      const ssize_t written = write(client.fd, left.data(), left.size());
      if (written <= 0) die("write");
      left.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void hear(Client& client, std::size_t index) {
    char buffer[16384];
    const ssize_t got = read(client.fd, buffer, sizeof buffer);
    if (got <= 0) die("read");
    client.in.append(buffer, static_cast<std::size_t>(got));
    bool good = false;
    if (!take_answer(client, good)) return;
    if (good) {
      acknowledged_ += batch_;
      microseconds_.push_back(std::chrono::duration<float, std::micro>(Clock::now() - client.sent).count());
    } else {
      failed_ += batch_;
    }
    idle_.push_back(index);
  }

  // True: a whole answer was there and is gone.
  static bool take_answer(Client& client, bool& good) {
    const auto head = client.in.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    const auto length = client.in.find("Content-Length: ");
    const std::size_t body =
        length == std::string::npos || length > head ? 0 : std::strtoul(client.in.c_str() + length + 16, nullptr, 10);
    if (client.in.size() < head + 4 + body) return false;
    good = client.in.compare(9, 3, "200") == 0;
    client.in.erase(0, head + 4 + body);
    return true;
  }

  const int poll_ = epoll_create1(0);
  const int alarm_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  std::vector<Client> clients_;
  std::vector<std::size_t> idle_;
  const std::size_t batch_;
  const unsigned long most_;
  std::chrono::nanoseconds distance_{0};
  unsigned long number_ = static_cast<unsigned long>(getpid()) << 32, count_ = 0, acknowledged_ = 0, failed_ = 0;
  Clock::time_point begin_, end_, due_, armed_;
  std::vector<float> microseconds_;
  std::string body_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    return fmt::print(stderr, "usage: load PORT CONNECTIONS SECONDS [ALERTS A REQUEST] [ALERTS A SECOND] [MOST]\n"), 2;
  }
  const auto number = [&](int index, double otherwise) { return argc > index ? std::atof(argv[index]) : otherwise; };
  prctl(PR_SET_TIMERSLACK, 1UL);
  Load load{static_cast<std::uint16_t>(number(1, 0)), static_cast<std::size_t>(number(2, 16)),
            static_cast<std::size_t>(number(4, 1)), number(5, 0), static_cast<unsigned long>(number(6, 1e18))};
  load.run(number(3, 5));
  load.print();
}
