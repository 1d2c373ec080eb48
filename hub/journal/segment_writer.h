// The segment being written. One thread: the journal's writer. After any fault it is poisoned: nobody knows what of it is on the disk, so nothing
// more is written to it, and what was not acknowledged goes into another segment.
#pragma once

#include "hub/journal/segment_set.h"

#include <memory>

namespace hub {

class SegmentWriter {
 public:
  // Makes `from` (zeros written ahead, or a new file when empty) the segment `head` says, durably: when it returns, the segment is found after a
  // crash. On a fault nothing is left behind that would be taken for a segment.
  static core::Result<std::unique_ptr<SegmentWriter>> begin(FileSystem& file_system, const Path& directory, const SegmentHead& head, const Path& from);

  // Writes after what is there, and syncs: ok means durable.
  core::Result<> commit(std::string_view bytes);
  // For a poisoned one: cuts off what was not acknowledged, so that a restart does not read it. May be tried again.
  core::Result<> cut_unacknowledged();

  const SegmentRef& segment() const { return segment_; }
  std::uint64_t position() const { return position_; }
  std::uint64_t capacity() const { return capacity_; }   // of the zeros written ahead; a new file has none

 private:
  SegmentWriter(std::unique_ptr<File> file, SegmentRef segment, std::uint64_t capacity);

  std::unique_ptr<File> file_;
  SegmentRef segment_;
  std::uint64_t position_ = kSegmentHeadBytes;
  std::uint64_t capacity_;
};

}  // namespace hub
