// flock on a file in the folder, not on a pid written into one: it cannot be stale.
#include "hub/state/state_directory.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace hub {

namespace {

core::Error system_error(const std::string& doing) { return {core::Fault::Io, doing + ": " + std::strerror(errno)}; }

core::Result<> make_private(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    std::error_code fault;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), fault);
    if (fault) return core::Error{core::Fault::Io, "make state_directory " + path.string() + ": " + fault.message()};
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_error("make state_directory " + path.string());
    return {};
  }
  if (!S_ISDIR(status.st_mode)) return core::Error{core::Fault::Io, "state_directory " + path.string() + " is not a directory"};
  if ((status.st_mode & 0777) == 0700) return {};
  if (::chmod(path.c_str(), 0700) != 0) return system_error("close state_directory " + path.string() + " to others");
  return {};
}

}  // namespace

StateDirectory::StateDirectory(StateDirectory&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

StateDirectory& StateDirectory::operator=(StateDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}

StateDirectory::~StateDirectory() {
  if (fd_ >= 0) ::close(fd_);
}

core::Result<StateDirectory> lock_state_directory(const std::filesystem::path& path) {
  if (auto made = make_private(path); !made) return made.error();
  const std::filesystem::path lock = path / "lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return system_error("open " + lock.string());
  StateDirectory directory(path, fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error("lock " + lock.string());
    return core::Error{core::Fault::Invalid, "state_directory " + path.string() +
                                                 " is in use by another tocsin-hub: stop that one, or give this one another state_directory"};
  }
  return directory;
}

}  // namespace hub
