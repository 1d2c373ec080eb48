// Opening: what an earlier run, or the crash that ended it, left in the journal's folder becomes the list of segments and the next offset.
#pragma once

#include "hub/journal/quarantine.h"
#include "hub/journal/segment_set.h"

namespace hub {

struct Recovered {
  Offset end{1};                       // one past every offset that may have been given; the next one
  Offset proven{1};                    // one past the last record that is kept; what the next segment's head must say
  std::uint64_t next_segment = 1;      // the id of the next one
  std::uint64_t torn_bytes = 0;        // cut off the end: they were never acknowledged
};

// Fills `segments`. Cuts the torn tail of the last one and makes what stays durable; damage below the last proven commit goes to `quarantine`.
// Only the last segment is read through: the others were whole when the next was begun, and damage in them is found when they are read.
// Invalid: a newer format, with a sentence, and nothing is changed; Io: the disk refuses.
core::Result<Recovered> recover(FileSystem& file_system, const Path& directory, SegmentSet& segments, Quarantine& quarantine);

}  // namespace hub
