// Watches what the sensor loses, and says when it is time to act: falco.yaml's syscall_event_drops. Time is given, so that tests need no clock.
#pragma once

#include "detector/config/config.h"
#include "detector/emit/internal_alert.h"
#include "detector/sensor/sensor.h"

#include <optional>

namespace detector {

class DropMonitor {
 public:
  explicit DropMonitor(EventDrops options) : options_{std::move(options)}, tokens_{static_cast<double>(options_.max_burst)} {}

  // Called about once a second with the counts since the start. An alert comes back when the share of lost events passed the threshold and
  // the actions' rate allows one; what to do with it is for `wants`.
  std::optional<InternalAlert> observe(const SensorStatus& status, core::TimePoint now);
  bool wants(std::string_view action) const;

  std::uint64_t occurrences() const { return occurrences_; }
  std::uint64_t actions_taken() const { return taken_; }

 private:
  const EventDrops options_;
  double tokens_;
  core::TimePoint last_{};
  SensorStatus before_;
  std::uint64_t occurrences_ = 0, taken_ = 0;
};

}  // namespace detector
