// Alerts in the system's log: one datagram each, "<PRI>Mon dd hh:mm:ss tocsin-detector: line" (RFC 3164, as syslog(3) writes it).
// Facility user (1); Falco's priorities are syslog's severities. syslog(3) itself blocks on a full socket with a lock held, and cannot be stopped.
#include "detector/emit/writers.h"

#include <fmt/format.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace detector {
namespace {

class SyslogWriter final : public Writer {
 public:
  explicit SyslogWriter(SyslogOutput options) : options_{std::move(options)} {}
  ~SyslogWriter() override { reopen(); }

  core::Result<> write(const Line& line, int stop) override {
    const std::string datagram = fmt::format("<{}>{} tocsin-detector: {}", (1 << 3) | static_cast<int>(line.priority), timestamp(), line.text);
    auto sent = send(datagram, stop);
    if (!sent && sent.error().fault == core::Fault::Unreachable) {   // the logger was restarted: its socket is another one now
      reopen();
      sent = send(datagram, stop);
    }
    return sent;
  }

  void reopen() override {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  static std::string timestamp() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%h %e %T", &local);
    return text.data();
  }

  core::Result<> connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (options_.socket.size() >= sizeof address.sun_path) return core::Error{core::Fault::Invalid, fmt::format("'{}' is too long for a socket", options_.socket)};
    std::memcpy(address.sun_path, options_.socket.data(), options_.socket.size());
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd_ >= 0 && ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return {};
    const int why = errno;
    reopen();
    return core::Error{core::Fault::Unreachable, fmt::format("connect to '{}': {}", options_.socket, std::strerror(why))};
  }

  core::Result<> send(const std::string& datagram, int stop) {
    if (fd_ < 0) {
      if (auto connected = connect(); !connected) return connected;
    }
    while (::send(fd_, datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return core::Error{core::Fault::Unreachable, fmt::format("send to '{}': {}", options_.socket, std::strerror(errno))};
      std::array<pollfd, 2> wait{pollfd{fd_, POLLOUT, 0}, pollfd{stop, POLLIN, 0}};
      ::poll(wait.data(), wait.size(), -1);
      if (wait[1].revents != 0 && wait[0].revents == 0) return core::Error{core::Fault::Timeout, "the logger did not read it before the end"};
    }
    return {};
  }

  const SyslogOutput options_;
  int fd_ = -1;
};

}  // namespace

std::unique_ptr<Writer> make_syslog_writer(const SyslogOutput& options) { return std::make_unique<SyslogWriter>(options); }

}  // namespace detector
