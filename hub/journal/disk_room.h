// Room on the disk for the journal: the next segment, written ahead with zeros, and a reserve that is given up in stages when the disk is full, so
// that what is acknowledged can still be settled (state.db is on the same disk). fallocate would not do: it leaves unwritten extents, so that
// each fdatasync commits metadata too.
#pragma once

#include "hub/journal/file.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace hub {

class DiskRoom {
 public:
  struct Sizes {
    std::uint64_t segment = 0, reserve = 0;
  };
  DiskRoom(FileSystem& file_system, Path directory, Sizes sizes);

  // Upkeep's thread. Takes over what an earlier run left.
  void open();
  // Upkeep's thread. What is missing of reserve and spare segment is written as far as there is room; below low_water() one stage of the
  // reserve is given up. Full: there is not room for both. Io: the disk does not take the zeros.
  core::Result<> restore();
  // How much more must be free for restore() to succeed entirely.
  std::uint64_t shortage();

  // The writer's thread. The spare segment, moved to a path that is the caller's alone; empty: there is none. Waits for one that is being written,
  // at most `patience`.
  Path take_spare(std::chrono::milliseconds patience);
  bool has_spare() const;
  // Any thread. Whether so many bytes can be written and enough stays free for state.db.
  bool has_free(std::uint64_t bytes);
  // Any thread. Frees a quarter of the reserve; false: nothing is left of it.
  bool give_up_stage();

  std::uint64_t free_bytes() const;
  std::uint64_t reserve_bytes() const;
  std::uint64_t segment_bytes() const { return sizes_.segment; }
  // Below this, state.db may not find room for its next commits.
  std::uint64_t low_water() const;

 private:
  core::Result<> fill_reserve();
  core::Result<> make_spare();
  void settle_spare(bool is_ready);
  core::Result<> write_zeros(File& file, std::uint64_t from, std::uint64_t to);
  std::uint64_t size_of(const Path& path);
  std::uint64_t measure();
  Path spare_path() const { return directory_ / "spare"; }
  Path reserve_path() const { return directory_ / "reserve"; }

  FileSystem& file_system_;
  const Path directory_;
  const Sizes sizes_;
  mutable std::mutex mutex_;
  std::condition_variable spare_made_;
  bool spare_ready_ = false, making_spare_ = false;
  std::uint64_t reserve_ = 0, free_ = 0;
};

}  // namespace hub
