// The load: N keep-alive connections, one thread, one alert a request, the next one as soon as the answer is there.
// Prints one line of JSON: acknowledged a second, p50 and p99 of the answer's latency. The alert is falcosidekick's
// README example, some 0.9 KB, new in each request.
//   load PORT CONNECTIONS SECONDS
#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Client {
  int fd = -1;
  std::string in;
  Clock::time_point sent;
};

std::string alert(unsigned long number) {
  return fmt::format(
      R"J({{"hostname":"bench-host-01","output":"15:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack-{0} file=/bin/hack-{0} parent=bash pcmdline=bash gparent=sshd container_id=3f2a1b4c5d6e image=docker.io/library/nginx)",)J"
      R"J("priority":"Error","rule":"Write below binary dir","source":"syscall","tags":["filesystem","mitre_persistence","T1543"],"time":"2026-11-21T15:31:56.746609046Z",)J"
      R"J("output_fields":{{"container.id":"3f2a1b4c5d6e","container.image.repository":"docker.io/library/nginx","evt.time":1507591916746609046,"fd.name":"/bin/hack-{0}","k8s.ns.name":"shop","k8s.pod.name":"web-7d9c-x2x","proc.aname[2]":"sshd","proc.cmdline":"touch /bin/hack-{0}","proc.name":"touch","proc.pid":{0},"proc.pname":"bash","proc.tty":34816,"user.loginuid":-1,"user.name":"root","user.uid":0}}}})J",
      number);
}

void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void send_next(Client& client, unsigned long number) {
  const std::string body = alert(number);
  const std::string request = fmt::format(
      "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: falcosecurity/falco\r\nContent-Type: "
      "application/json\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
  client.sent = Clock::now();
  if (write(client.fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) die("write");
}

// True: a whole answer was there and is gone.
bool take_answer(Client& client, bool& good) {
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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return fmt::print(stderr, "usage: load PORT CONNECTIONS SECONDS\n"), 2;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::vector<Client> clients(std::strtoul(argv[2], nullptr, 10));
  const int poll = epoll_create1(0);
  unsigned long number = static_cast<unsigned long>(getpid()) << 32;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].fd = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    if (connect(clients[i].fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    setsockopt(clients[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(poll, EPOLL_CTL_ADD, clients[i].fd, &event);
    send_next(clients[i], ++number);
  }

  const auto begin = Clock::now();
  const auto end =
      begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::atof(argv[3])));
  std::vector<float> microseconds;
  microseconds.reserve(1 << 20);
  unsigned long failed = 0;
  char buffer[16384];
  while (Clock::now() < end) {
    epoll_event events[64];
    const int ready = epoll_wait(poll, events, 64, 100);
    for (int i = 0; i < ready; ++i) {
      Client& client = clients[events[i].data.u64];
      const ssize_t got = read(client.fd, buffer, sizeof buffer);
      if (got <= 0) die("read");
      client.in.append(buffer, static_cast<std::size_t>(got));
      bool good = false;
      if (!take_answer(client, good)) continue;
      if (good)
        microseconds.push_back(std::chrono::duration<float, std::micro>(Clock::now() - client.sent).count());
      else
        ++failed;
      send_next(client, ++number);
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = [&](double share) {
    return microseconds.empty()
               ? 0.0F
               : microseconds[static_cast<std::size_t>(share * static_cast<double>(microseconds.size() - 1))];
  };
  fmt::print(R"({{"acks":{},"per_second":{:.0f},"p50_us":{:.0f},"p99_us":{:.0f},"failed":{}}})"
             "\n",
             microseconds.size(), static_cast<double>(microseconds.size()) / seconds, at(0.5), at(0.99), failed);
}
