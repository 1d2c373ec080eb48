// Where damaged bytes of the journal are kept for a human, and counted. Any thread.
#pragma once

#include "hub/journal/file.h"
#include "hub/journal/segment.h"

#include <atomic>
#include <mutex>

namespace hub {

class Quarantine {
 public:
  Quarantine(FileSystem& file_system, Path directory) : file_system_(file_system), directory_(std::move(directory)) {}

  // Copies the damaged range to quarantine/ and says so in the log, the first time it is met. `records` of it can no longer be read
  // (0: only our own bookkeeping was hit). A copy that fails is logged; the count stands.
  void take(Segment& segment, File& file, std::uint64_t position, std::uint64_t bytes, std::uint64_t records);
  // A segment whose head is gone: nothing in it can be believed.
  core::Result<> take_whole(const Path& segment_file, std::uint64_t records);

  std::uint64_t records() const { return records_; }

 private:
  core::Result<> copy(File& from, std::uint64_t position, std::uint64_t bytes, const Path& to);

  FileSystem& file_system_;
  const Path directory_;
  std::mutex mutex_;
  std::uint64_t kept_ = 0;
  std::atomic<std::uint64_t> records_{0};
};

}  // namespace hub
