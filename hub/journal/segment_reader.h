// Reads durable records back, from any thread: the two read functions of hub/journal/journal.h.
#pragma once

#include "hub/journal/quarantine.h"
#include "hub/journal/segment_set.h"

namespace hub {

class SegmentReader {
 public:
  SegmentReader(SegmentSet& segments, Quarantine& quarantine) : segments_(segments), quarantine_(quarantine) {}

  core::Result<Journal::Page> read(Offset from, Journal::ReadLimits limits, std::uint8_t only_type);
  core::Result<Record> read_one(Offset offset);

 private:
  // Adds to the page what the segment has from page.next on, and moves page.next. False: the limits are reached.
  core::Result<bool> read_segment(const SegmentSet::Found& found, Journal::ReadLimits& limits, std::uint64_t& may_read, std::uint8_t only_type,
                                  Journal::Page& page);

  SegmentSet& segments_;
  Quarantine& quarantine_;
};

}  // namespace hub
