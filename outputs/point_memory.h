// What is remembered of points that were written, so that the next do no harm: which time of a series is whose, and
// which fields the server holds with another type. Bounded; not thread-safe (one sink, one loop).
#pragma once

#include "core/alert_id.h"

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace outputs {

class PointMemory {
 public:
  // Two points of one series and time are one point to InfluxDB: the later overwrites the earlier. `time`, if it is
  // free or this alert's already; else the next free one after a distance below `spread` that follows from the id, so
  // that a retry overwrites itself.
  std::int64_t place(std::string_view series, std::int64_t time, const core::AlertId& id, std::int64_t spread);

  // "input field "x" on measurement "events" is type string, already exists as type float": from now on strings of x
  // are written as x_string. False: known already, or more than a thousand are.
  bool learn_conflict(std::string name, std::string_view type);
  // The name under which a value of this type may be written.
  std::string name_for(std::string name, std::string_view type) const;

 private:
  static constexpr std::size_t kMostPlaces = 16'384, kMostConflicts = 1'000;
  std::unordered_map<std::uint64_t, std::uint64_t> places_;  // hash of series and time → of the id
  std::deque<std::uint64_t> oldest_;
  std::set<std::pair<std::string, std::string>> conflicts_;
};

}  // namespace outputs
