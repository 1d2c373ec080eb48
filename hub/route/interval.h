// A named time interval (`intervals:` in outputs.yaml): weekdays, times, days of the month and months, in a time zone.
// Each kind that is given must hold. A time that ends before it begins goes over midnight and belongs to the day on
// which it began. Pure: the time is passed in.
#pragma once

#include "core/fields.h"
#include "hub/route/time_zone.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hub {

struct Interval {
  struct Range {
    int first = 0, last = 0;  // both in it; of times the last minute is not
  };
  std::string name;
  std::vector<Range> weekdays = {};       // 0: Sunday; first > last goes over the week's end
  std::vector<Range> times = {};          // minutes of the day; first > last goes over midnight
  std::vector<Range> days_of_month = {};  // from 1; -1 is the last day
  std::vector<Range> months = {};         // from 1; first > last goes over the year's end
  TimeZone zone;

  bool contains(core::TimePoint time) const;
  void describe(core::Fields& fields);

 private:
  bool is_on(const LocalDay& day) const;
};

using Intervals = std::map<std::string, std::shared_ptr<const Interval>>;

// `intervals: {office: {weekdays: [mon-fri], times: ["09:00-18:00"], tz: Europe/Berlin}}`. A faulty one is there too.
Intervals read_intervals(const core::YamlNode& node, core::Diagnostics& diagnostics);

}  // namespace hub
