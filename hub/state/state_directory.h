// The hub's folder, and the lock that keeps a second hub out of it.
#pragma once

#include "core/result.h"

#include <filesystem>

namespace hub {

// Holds the lock as long as it lives (and as long as the process does: the kernel releases it after a kill).
class StateDirectory {
 public:
  StateDirectory(StateDirectory&& other) noexcept;
  StateDirectory& operator=(StateDirectory&& other) noexcept;
  ~StateDirectory();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path journal() const { return path_ / "journal"; }
  std::filesystem::path state_file() const { return path_ / "state.db"; }
  std::filesystem::path control_socket() const { return path_ / "control.sock"; }

 private:
  friend core::Result<StateDirectory> lock_state_directory(const std::filesystem::path& path);
  StateDirectory(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::filesystem::path path_;
  int fd_ = -1;
};

// Makes the folder or tightens it to 0700, and locks it. What else is in it (lost+found) does not matter. Invalid: another hub holds it, with a
// sentence; Io: it cannot be made or written.
core::Result<StateDirectory> lock_state_directory(const std::filesystem::path& path);

}  // namespace hub
