// The last records that were committed, still in memory: who follows the journal at its end (the router) need not read from the disk what was
// written a moment ago. A copy, never a queue: what is not here is read from the segments. Any thread.
#pragma once

#include "hub/journal/journal.h"

#include <deque>
#include <mutex>

namespace hub {

class RecentRecords {
 public:
  explicit RecentRecords(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  // Durable records, consecutive from `first` on; every record of the journal after the first put() comes by here, in order. The oldest make room.
  void put(Offset first, std::vector<NewRecord> records);

  // As Journal::read, ending where this ends. False: `from` lies before or behind what is here, and `page` is untouched.
  bool read(Offset from, Journal::ReadLimits limits, std::uint8_t only_type, Journal::Page& page) const;

 private:
  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::deque<Record> records_;
  Offset begin_, end_;             // every durable record in [begin_, end_) is here
  std::size_t bytes_ = 0;
};

}  // namespace hub
