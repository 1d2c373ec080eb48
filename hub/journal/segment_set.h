// The segments that are there, oldest first, and how far all of them together can be read. The writer adds, upkeep removes, readers look. Any thread.
#pragma once

#include "hub/journal/segment.h"

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace hub {

using SegmentRef = std::shared_ptr<Segment>;

class SegmentSet {
 public:
  explicit SegmentSet(FileSystem& file_system) : file_system_(file_system) {}

  void add(SegmentRef segment);                    // newest so far
  void drop(const SegmentRef& segment);            // only forgets it

  Offset durable_end() const;
  void set_durable_end(Offset end);
  Offset first() const;                            // durable_end when there is no record

  // The segment with the first durable record at or after `offset`; nothing: there is none.
  struct Found {
    SegmentRef segment;
    Segment::Extent extent;
  };
  Found find(Offset offset) const;

  // Kept open for the next read; at most 32, so that a long backlog does not run out of file descriptors.
  core::Result<std::shared_ptr<File>> open(const SegmentRef& segment);

  void release(Offset below);
  // The oldest segment, if all of it is released and a newer one follows; nothing otherwise. `sealed`: when the newer one was begun.
  struct Releasable {
    SegmentRef segment;
    std::int64_t sealed = 0;
  };
  Releasable oldest_releasable() const;

  std::uint64_t bytes() const;
  std::size_t size() const;

 private:
  FileSystem& file_system_;
  mutable std::mutex mutex_;
  std::vector<SegmentRef> segments_;
  Offset durable_end_{1};
  Offset released_;
  std::deque<std::pair<SegmentRef, std::shared_ptr<File>>> open_;   // most recently opened last
};

}  // namespace hub
