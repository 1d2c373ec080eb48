// What is known of one segment file: its place in the sequence, how far it may be read, and where in it records stand. The bytes themselves
// are read by RecordWalker. Any thread.
#pragma once

#include "core/clock.h"
#include "hub/journal/file.h"
#include "hub/journal/record_format.h"

#include <array>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace hub {

class Segment {
 public:
  Segment(Path path, SegmentHead head);

  const SegmentHead& head() const { return head_; }
  const Path& path() const { return path_; }

  struct Extent {
    Offset end;                    // one past its last durable record
    std::uint64_t position = 0;    // nothing at or after it may be read
  };
  Extent extent() const;
  void set_extent(Extent extent);

  std::uint64_t disk_bytes() const;
  void set_disk_bytes(std::uint64_t bytes);

  // A boundary at or before the record `offset`, and the offset of the record before it (so that older offsets are taken for damage).
  struct Place {
    std::uint64_t position = kSegmentHeadBytes;
    Offset last;
  };
  Place locate(Offset offset) const;
  // The record (or commit) at `place.position` follows the record `place.last`. Kept every 64 KiB.
  void note(Place place);
  // A reader stopped here and will go on here: found again without stepping through the 64 KiB before it.
  void remember(Place place);

  // True the first time: this damage has not been reported yet.
  bool report_damage(std::uint64_t position);

 private:
  const Path path_;
  const SegmentHead head_;
  mutable std::mutex mutex_;
  Extent extent_;
  std::uint64_t disk_bytes_ = 0;
  std::vector<Place> index_;                   // ascending
  std::array<Place, 32> stops_;
  std::size_t next_stop_ = 0;
  std::set<std::uint64_t> damage_;
};

}  // namespace hub
