// Spare segment and reserve. Both are files of zeros really written; the spare gets its name only when it is whole and synced.
#include "hub/journal/disk_room.h"

#include "core/log.h"

#include <algorithm>

namespace hub {

namespace {
constexpr std::uint64_t kStages = 4;
constexpr std::uint64_t kChunkBytes = 1 << 20;
// Commits sync meanwhile on the same disk: they should not have to wait for a whole segment of zeros.
constexpr std::uint64_t kSyncEvery = 8 << 20;
}  // namespace

DiskRoom::DiskRoom(FileSystem& file_system, Path directory, Sizes sizes)
    : file_system_(file_system), directory_(std::move(directory)), sizes_(sizes) {}

void DiskRoom::open() {
  (void)file_system_.remove(directory_ / "spare.tmp");
  (void)file_system_.remove(directory_ / "segment.tmp");
  const std::uint64_t spare = size_of(spare_path());
  std::uint64_t reserve = size_of(reserve_path());
  // Of another size: the file system or the options changed. Records never reached a file of this name, so zeros (and perhaps a head) are in it.
  if (spare != 0 && spare != sizes_.segment) (void)file_system_.remove(spare_path());
  if (reserve > sizes_.reserve) {
    (void)file_system_.remove(reserve_path());
    reserve = 0;
  }
  {
    const std::lock_guard lock(mutex_);
    spare_ready_ = spare == sizes_.segment;
    making_spare_ = !spare_ready_;   // it will be the first thing upkeep does
    reserve_ = reserve;
  }
  measure();
}

core::Result<> DiskRoom::restore() {
  std::uint64_t free = measure();
  if (free < low_water() && give_up_stage()) free = measure();
  if (!has_spare()) {
    core::Result<> made = core::Error{core::Fault::Full, "no room for another journal segment"};
    if (free >= sizes_.segment + low_water()) made = make_spare();
    settle_spare(made.has_value());
    if (!made) return made;
    free = measure();
  }
  const std::uint64_t missing = sizes_.reserve - reserve_bytes();
  if (missing == 0) return {};
  // Twice low water: refilling must not be what makes the next look give it up again.
  if (free < missing + 2 * low_water()) return core::Error{core::Fault::Full, "no room for the reserve"};
  return fill_reserve();
}

std::uint64_t DiskRoom::shortage() {
  const std::uint64_t missing = sizes_.reserve - reserve_bytes();
  const std::uint64_t wanted = (has_spare() ? 0 : sizes_.segment) + missing + 2 * low_water();
  const std::uint64_t free = measure();
  return wanted > free ? wanted - free : 0;
}

Path DiskRoom::take_spare(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (!spare_ready_ && making_spare_) {
    spare_made_.wait_for(lock, patience, [&] { return spare_ready_ || !making_spare_; });
  }
  if (!spare_ready_) return {};
  spare_ready_ = false;
  // Under a name that only the writer uses: under its old one the next spare would take its place as soon as it is whole, perhaps after the
  // writer has opened this one, and what is written to it would be in a file without a name.
  const Path taken = directory_ / "segment.tmp";
  if (!file_system_.rename(spare_path(), taken)) return {};
  return taken;
}

bool DiskRoom::has_spare() const {
  const std::lock_guard lock(mutex_);
  return spare_ready_;
}

bool DiskRoom::has_free(std::uint64_t bytes) { return measure() >= bytes + low_water(); }

bool DiskRoom::give_up_stage() {
  const std::lock_guard lock(mutex_);
  if (reserve_ == 0) return false;
  const std::uint64_t stage = std::max<std::uint64_t>(sizes_.reserve / kStages, 1);
  const std::uint64_t left = reserve_ > stage ? reserve_ - stage : 0;
  auto file = file_system_.open(reserve_path());
  if (!file || !(*file)->truncate(left)) return false;
  core::log_warning("journal_reserve_given_up", {{"bytes", std::to_string(reserve_ - left)}, {"left", std::to_string(left)}});
  reserve_ = left;
  return true;
}

std::uint64_t DiskRoom::free_bytes() const {
  const std::lock_guard lock(mutex_);
  return free_;
}

std::uint64_t DiskRoom::reserve_bytes() const {
  const std::lock_guard lock(mutex_);
  return reserve_;
}

std::uint64_t DiskRoom::low_water() const { return sizes_.reserve / 8; }

core::Result<> DiskRoom::fill_reserve() {
  const std::uint64_t have = reserve_bytes();
  auto file = have == 0 ? file_system_.create(reserve_path()) : file_system_.open(reserve_path());
  if (!file) return file.error();
  auto filled = write_zeros(**file, have, sizes_.reserve);
  if (!filled) {
    (void)(*file)->truncate(have);
    return filled;
  }
  {
    const std::lock_guard lock(mutex_);
    reserve_ = sizes_.reserve;
  }
  measure();
  return {};
}

core::Result<> DiskRoom::make_spare() {
  {
    const std::lock_guard lock(mutex_);
    making_spare_ = true;
  }
  const Path unfinished = directory_ / "spare.tmp";
  core::Result<> made;
  auto file = file_system_.create_ahead(unfinished);
  if (!file) {
    made = file.error();
  } else {
    made = write_zeros(**file, 0, sizes_.segment);
    if (made) made = file_system_.rename(unfinished, spare_path());
    if (!made) (void)file_system_.remove(unfinished);
  }
  return made;
}

void DiskRoom::settle_spare(bool is_ready) {
  {
    const std::lock_guard lock(mutex_);
    making_spare_ = false;
    spare_ready_ = is_ready;
  }
  spare_made_.notify_all();
}

core::Result<> DiskRoom::write_zeros(File& file, std::uint64_t from, std::uint64_t to) {
  const std::string zeros(std::min(kChunkBytes, to - from), '\0');
  for (std::uint64_t at = from; at < to; at += zeros.size()) {
    const auto chunk = std::string_view(zeros).substr(0, to - at);
    if (auto written = write_fully(file, at, chunk); !written) return written;
    const std::uint64_t done = at + chunk.size();
    if (done % kSyncEvery == 0 && done < to) {
      if (auto synced = file.sync(); !synced) return synced;
    }
  }
  return file.sync();
}

std::uint64_t DiskRoom::size_of(const Path& path) {
  auto file = file_system_.open(path);
  if (!file) return 0;
  const auto size = (*file)->size();
  return size ? *size : 0;
}

std::uint64_t DiskRoom::measure() {
  const auto space = file_system_.space(directory_);
  const std::lock_guard lock(mutex_);
  if (space) free_ = space->free;
  return free_;
}

}  // namespace hub
