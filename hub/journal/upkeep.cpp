// Under pressure the order is: released segments go first, whatever their age; then the spare is not rewritten; then the reserve is given up. What
// is not released is never removed here.
#include "hub/journal/upkeep.h"

#include "core/log.h"

#include <chrono>

namespace hub {

namespace {
using namespace std::chrono_literals;
constexpr auto kLookEvery = 1s;
constexpr auto kLookEveryWhenShort = 200ms;
}  // namespace

Upkeep::Upkeep(FileSystem& file_system, SegmentSet& segments, DiskRoom& room, Retention retention, std::function<void()> room_found)
    : file_system_(file_system), segments_(segments), room_(room), retention_(std::move(retention)), room_found_(std::move(room_found)) {}

Upkeep::~Upkeep() { stop(); }

void Upkeep::start() {
  thread_ = std::thread([this] { run(); });
}

void Upkeep::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakeup_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Upkeep::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (woken_) return;
    woken_ = true;
  }
  wakeup_.notify_one();
}

void Upkeep::run() {
  for (;;) {
    look();
    std::unique_lock lock(mutex_);
    const bool is_troubled = !trouble_.empty();
    wakeup_.wait_for(lock, is_troubled ? kLookEveryWhenShort : kLookEvery, [&] { return woken_ || stopping_; });
    if (stopping_) return;
    if (woken_ && is_troubled) {
      // Every refused alert wakes us: look for room at a bearable rate all the same.
      wakeup_.wait_for(lock, kLookEveryWhenShort, [&] { return stopping_; });
      if (stopping_) return;
    }
    woken_ = false;
  }
}

void Upkeep::look() {
  retire_old();
  if (const std::uint64_t shortage = room_.shortage(); shortage > 0) (void)make_room(shortage);
  const auto restored = room_.restore();
  const bool has_spare = room_.has_spare();
  const bool was_short = is_short_.exchange(!has_spare && !restored);
  {
    const std::lock_guard lock(mutex_);
    trouble_ = restored ? "" : restored.error().what;
  }
  if (!has_spare && !restored && !was_short) core::log_warning("journal_disk_short", {{"why", restored.error().what}, {"free_bytes", std::to_string(room_.free_bytes())}});
  if (has_spare && was_short) core::log_info("journal_disk_has_room", {{"free_bytes", std::to_string(room_.free_bytes())}});
  if (has_spare) room_found_();
}

void Upkeep::retire_old() {
  const auto oldest_kept = (retention_.clock() - retention_.retain).time_since_epoch().count();
  for (;;) {
    const auto releasable = segments_.oldest_releasable();
    if (!releasable.segment) return;
    const bool is_old = releasable.sealed <= oldest_kept;
    if (!is_old && segments_.bytes() <= retention_.max_bytes) return;
    if (!remove_oldest()) return;
  }
}

bool Upkeep::make_room(std::uint64_t bytes) {
  const std::uint64_t before = room_.free_bytes();
  while (!room_.has_free(0) || room_.free_bytes() < before + bytes) {
    if (!remove_oldest()) return false;
  }
  return true;
}

bool Upkeep::remove_oldest() {
  const std::lock_guard lock(removing_);
  const auto releasable = segments_.oldest_releasable();
  if (!releasable.segment) return false;
  const auto removed = file_system_.remove(releasable.segment->path());
  if (!removed && removed.error().fault != core::Fault::NotFound) {
    core::log_warning("journal_segment_not_removed", {{"why", removed.error().what}});
    return false;
  }
  segments_.drop(releasable.segment);
  core::log_debug("journal_segment_removed", {{"segment", releasable.segment->path().string()}});
  return true;
}

std::string Upkeep::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace hub
