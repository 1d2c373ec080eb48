// Writing to a pipe or terminal that may never be read. Such an fd is shared with other programs, so it must not be made non-blocking;
// a pipe that poll() calls writable takes PIPE_BUF bytes without blocking, so no more are given at once.
#include "detector/emit/writers.h"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace detector {

core::Result<> write_all(int fd, std::string_view bytes, int stop) {
  while (!bytes.empty()) {
    std::array<pollfd, 2> wait{pollfd{fd, POLLOUT, 0}, pollfd{stop, POLLIN, 0}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return core::Error{core::Fault::Io, fmt::format("wait for room: {}", std::strerror(errno))};
    if (wait[1].revents != 0 && (wait[0].revents & POLLOUT) == 0) return core::Error{core::Fault::Timeout, "nobody read it before the end"};
    if (wait[0].revents == 0) continue;
    const auto piece = std::min<std::size_t>(bytes.size(), PIPE_BUF);
    const auto written = ::write(fd, bytes.data(), piece);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written < 0) return core::Error{core::Fault::Io, fmt::format("write: {}", std::strerror(errno))};
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace detector
