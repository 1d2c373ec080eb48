// The sparse index of a segment. It is filled by whoever passes: the writer as it appends, readers in segments that were there before.
#include "hub/journal/segment.h"

#include <algorithm>

namespace hub {

namespace {
constexpr std::uint64_t kIndexEvery = 64 << 10;
}

Segment::Segment(Path path, SegmentHead head) : path_(std::move(path)), head_(head), extent_{head.first, kSegmentHeadBytes} {}

Segment::Extent Segment::extent() const {
  const std::lock_guard lock(mutex_);
  return extent_;
}

void Segment::set_extent(Extent extent) {
  const std::lock_guard lock(mutex_);
  extent_ = extent;
}

std::uint64_t Segment::disk_bytes() const {
  const std::lock_guard lock(mutex_);
  return disk_bytes_;
}

void Segment::set_disk_bytes(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  disk_bytes_ = bytes;
}

Segment::Place Segment::locate(Offset offset) const {
  const std::lock_guard lock(mutex_);
  Place best;
  const auto after = std::partition_point(index_.begin(), index_.end(), [&](const Place& place) { return place.last < offset; });
  if (after != index_.begin()) best = *std::prev(after);
  for (const Place& stop : stops_) {
    if (stop.last < offset && stop.position > best.position) best = stop;
  }
  return best;
}

void Segment::note(Place place) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t before = index_.empty() ? kSegmentHeadBytes : index_.back().position;
  if (place.position >= before + kIndexEvery) index_.push_back(place);
}

void Segment::remember(Place place) {
  const std::lock_guard lock(mutex_);
  stops_[next_stop_] = place;
  next_stop_ = (next_stop_ + 1) % stops_.size();
}

bool Segment::report_damage(std::uint64_t position) {
  const std::lock_guard lock(mutex_);
  return damage_.insert(position).second;
}

}  // namespace hub
