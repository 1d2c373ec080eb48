// Names of files by /proc. Every path here belongs to a stranger: nothing is opened but O_PATH, nothing followed out of its root.
#include "detector/sensor/witness.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>

namespace detector {

bool is_file_at(std::int64_t pid, Roots roots, const std::string& path, std::uint64_t device, std::uint64_t inode) {
  int root = open(fmt::format("/proc/{}/root", pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0 && roots == Roots::Ours) root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);   // it has ended already
  if (root < 0) return false;
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const int file = static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
  close(root);
  if (file < 0) return false;
  struct stat status {};
  const bool same = fstat(file, &status) == 0 && status.st_ino == inode && static_cast<std::uint32_t>(status.st_dev) == device;
  close(file);
  return same;
}

std::string path_of_fd(std::int64_t pid, std::int64_t fd, std::uint64_t device, std::uint64_t inode) {
  const std::string link = fmt::format("/proc/{}/fd/{}", pid, fd);
  struct stat status {};
  if (stat(link.c_str(), &status) != 0 || status.st_ino != inode || static_cast<std::uint32_t>(status.st_dev) != device) return {};
  std::array<char, 4096> path;
  const ssize_t length = readlink(link.c_str(), path.data(), path.size());
  if (length <= 0) return {};
  return std::string(path.data(), static_cast<std::size_t>(length));
}

}  // namespace detector
