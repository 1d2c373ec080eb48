// Time zones by IANA name, with daylight saving: the door to cctz (GCC 12 has no tz database in <chrono>), which reads
// /usr/share/zoneinfo.
#pragma once

#include "core/clock.h"

#include <memory>
#include <string>

namespace hub {

struct LocalDay {
  int month = 1, day = 1, days_in_month = 31;
  int weekday = 0;  // 0: Sunday
};

class TimeZone {
 public:
  TimeZone();  // UTC
  // NotFound with a sentence: no such zone, or no tz database on this machine.
  static core::Result<TimeZone> load(const std::string& name);

  struct Local {
    LocalDay today, yesterday;
    int minute = 0;  // of the day, as the clock on the wall shows it
  };
  Local at(core::TimePoint time) const;

 private:
  struct Zone;
  std::shared_ptr<const Zone> zone_;
};

}  // namespace hub
