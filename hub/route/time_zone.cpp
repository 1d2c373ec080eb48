#include "hub/route/time_zone.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

namespace hub {

struct TimeZone::Zone {
  cctz::time_zone zone;
};

namespace {

LocalDay to_day(cctz::civil_day day) {
  const cctz::civil_month month{day};
  const auto last = cctz::civil_day{month + 1} - 1;
  LocalDay made{.month = day.month(), .day = day.day(), .days_in_month = last.day()};
  made.weekday = (static_cast<int>(cctz::get_weekday(day)) + 1) % 7;  // cctz begins with Monday
  return made;
}

}  // namespace

TimeZone::TimeZone() : zone_{std::make_shared<const Zone>(Zone{cctz::utc_time_zone()})} {}

core::Result<TimeZone> TimeZone::load(const std::string& name) {
  cctz::time_zone zone;
  if (name.empty() || name.starts_with('/') || name.find("..") != std::string::npos ||
      !cctz::load_time_zone(name, &zone))
    return core::Error{core::Fault::NotFound, "is no time zone that this machine knows"};
  TimeZone made;
  made.zone_ = std::make_shared<const Zone>(Zone{zone});
  return made;
}

TimeZone::Local TimeZone::at(core::TimePoint time) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const cctz::civil_second local = cctz::convert(seconds, zone_->zone);
  const cctz::civil_day day{local};
  return {.today = to_day(day), .yesterday = to_day(day - 1), .minute = local.hour() * 60 + local.minute()};
}

}  // namespace hub
