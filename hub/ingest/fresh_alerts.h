// Alerts on their way from ingest to the router: decoded once, when they came in. A hint, never a queue: what is not
// here (any more) is read from the journal. Any thread.
#pragma once

#include "core/alert.h"
#include "hub/journal/journal.h"

#include <mutex>
#include <vector>

namespace hub {

class FreshAlerts {
 public:
  FreshAlerts() : slots_(kSlots) {}

  // The alert of a record that has just become durable. The oldest makes room.
  void put(Offset offset, core::AlertRef alert);
  // nullptr: not here. Each is given out once.
  core::AlertRef take(Offset offset);

 private:
  static constexpr std::size_t kSlots = 2048;  // some milliseconds of the highest rate
  struct Slot {
    Offset offset;
    core::AlertRef alert;
  };
  std::mutex mutex_;
  std::vector<Slot> slots_;  // by offset, modulo their number
};

}  // namespace hub
