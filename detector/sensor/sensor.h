// Where events come from: the kernel (ebpf_sensor), a recording (replay). A sensor owns the state it needs (process table, users).
#pragma once

#include "core/result.h"
#include "detector/event/event.h"
#include "detector/event/field.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace detector {

struct SensorDrops {                 // since the start; every loss of an event, or of a part that rules need, is one of these
  std::uint64_t ring_full = 0, scratch = 0, table_full = 0;
};

struct SensorGaps {                  // since the start; the events came, but something about them could not be had
  std::uint64_t unread = 0;          // an argument in memory that was not there
  std::uint64_t unknown_process = 0; // its process ended before /proc could be asked, and its start was not seen
};

struct SensorStatus {
  std::uint64_t events = 0;          // records taken out of the ring
  SensorDrops drops;
  SensorGaps gaps;
  std::size_t processes = 0, files = 0;
};

class Sensor {
 public:
  virtual ~Sensor() = default;

  // Which event types rules ask for (indexed by EventType); state-keeping calls are added by the sensor. May be called while it runs
  // (a reload): no event is lost by it.
  virtual core::Result<> want(const std::vector<bool>& types) = 0;

  // Takes what is there, or waits up to `wait`; calls `each` for every event, in order, with the state already updated. The Event is only
  // valid during the call. False: the source is at its end (replay).
  using Each = std::function<void(Event&)>;
  virtual core::Result<bool> poll(core::Duration wait, const Each& each) = 0;

  virtual FieldContext& fields() = 0;
  virtual SensorStatus status() const = 0;
};

}  // namespace detector
