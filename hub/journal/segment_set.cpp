// The list of segments. One lock, held for moments: no I/O under it but opening a file.
#include "hub/journal/segment_set.h"

#include <algorithm>

namespace hub {

namespace {
constexpr std::size_t kMostOpen = 32;
}

void SegmentSet::add(SegmentRef segment) {
  const std::lock_guard lock(mutex_);
  segments_.push_back(std::move(segment));
}

void SegmentSet::drop(const SegmentRef& segment) {
  const std::lock_guard lock(mutex_);
  std::erase(segments_, segment);
  std::erase_if(open_, [&](const auto& entry) { return entry.first == segment; });
}

Offset SegmentSet::durable_end() const {
  const std::lock_guard lock(mutex_);
  return durable_end_;
}

void SegmentSet::set_durable_end(Offset end) {
  const std::lock_guard lock(mutex_);
  durable_end_ = end;
}

Offset SegmentSet::first() const {
  const std::lock_guard lock(mutex_);
  for (const SegmentRef& segment : segments_) {
    if (segment->extent().end > segment->head().first) return segment->head().first;
  }
  return durable_end_;
}

SegmentSet::Found SegmentSet::find(Offset offset) const {
  const std::lock_guard lock(mutex_);
  auto at = std::partition_point(segments_.begin(), segments_.end(),
                                 [&](const SegmentRef& segment) { return segment->extent().end <= offset; });
  for (; at != segments_.end(); ++at) {
    const Segment::Extent extent = (*at)->extent();
    if (extent.end > std::max(offset, (*at)->head().first)) return {*at, extent};
  }
  return {};
}

core::Result<std::shared_ptr<File>> SegmentSet::open(const SegmentRef& segment) {
  const std::lock_guard lock(mutex_);
  for (const auto& [known, file] : open_) {
    if (known == segment) return file;
  }
  auto file = file_system_.open(segment->path());
  if (!file) return file.error();
  std::shared_ptr<File> shared = std::move(*file);
  open_.emplace_back(segment, shared);
  if (open_.size() > kMostOpen) open_.pop_front();
  return shared;
}

void SegmentSet::release(Offset below) {
  const std::lock_guard lock(mutex_);
  released_ = std::max(released_, below);
}

SegmentSet::Releasable SegmentSet::oldest_releasable() const {
  const std::lock_guard lock(mutex_);
  // The newest stays: it is being written, and its head is where the next offset is found after a restart.
  if (segments_.size() < 2 || segments_.front()->extent().end > released_) return {};
  return {segments_.front(), segments_[1]->head().begun};
}

std::uint64_t SegmentSet::bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const SegmentRef& segment : segments_) bytes += segment->disk_bytes();
  return bytes;
}

std::size_t SegmentSet::size() const {
  const std::lock_guard lock(mutex_);
  return segments_.size();
}

}  // namespace hub
