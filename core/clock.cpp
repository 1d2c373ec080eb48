// RFC 3339 in both directions, without locale and without strptime (which knows no fractions).
#include "core/clock.h"

#include <fmt/format.h>

#include <optional>

namespace core {
namespace {

struct Reader {
  std::string_view rest;

  std::optional<int> digits(std::size_t count) {
    if (rest.size() < count) return {};
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return {};
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return value;
  }
  bool take(std::string_view one_of) {
    if (rest.empty() || one_of.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool at_digit() const { return !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; }
};

struct Split {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<Duration> time;
};

Split split(TimePoint time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {std::chrono::year_month_day{day}, std::chrono::hh_mm_ss<Duration>{time - day}};
}

std::string fraction(Duration subseconds) {
  if (subseconds.count() == 0) return {};
  std::string text = fmt::format(".{:09}", subseconds.count());
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

TimePoint now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

Result<TimePoint> parse_rfc3339(std::string_view text) {
  const Error invalid{Fault::Invalid, "not an RFC 3339 time such as 2026-01-31T13:45:00.123456789Z"};
  Reader in{text};
  const auto year = in.digits(4);
  if (!year || !in.take("-")) return invalid;
  const auto month = in.digits(2);
  if (!month || !in.take("-")) return invalid;
  const auto day = in.digits(2);
  if (!day || !in.take("Tt ")) return invalid;
  const auto hour = in.digits(2);
  if (!hour || !in.take(":")) return invalid;
  const auto minute = in.digits(2);
  if (!minute || !in.take(":")) return invalid;
  const auto second = in.digits(2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return invalid;

  std::int64_t nanoseconds = 0;
  if (in.take(".")) {
    if (!in.at_digit()) return invalid;
    std::int64_t unit = 100'000'000;
    for (; in.at_digit(); in.rest.remove_prefix(1), unit /= 10) nanoseconds += (in.rest.front() - '0') * unit;
  }
  Duration offset{};
  if (!in.take("Zz")) {
    if (in.rest.empty()) return invalid;
    const int sign = in.rest.front() == '-' ? -1 : 1;
    if (!in.take("+-")) return invalid;
    const auto offset_hours = in.digits(2);
    if (!offset_hours) return invalid;
    in.take(":");  // Falco's own ISO form writes +0000
    const auto offset_minutes = in.digits(2);
    if (!offset_minutes || *offset_hours > 23 || *offset_minutes > 59) return invalid;
    offset = sign * (std::chrono::hours{*offset_hours} + std::chrono::minutes{*offset_minutes});
  }
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  // Nanoseconds in 64 bits reach from 1678 to 2261.
  if (!in.rest.empty() || !date.ok() || *year < 1678 || *year > 2261) return invalid;
  return TimePoint{std::chrono::sys_days{date}} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second} + std::chrono::nanoseconds{nanoseconds} - offset;
}

std::string to_rfc3339(TimePoint time) {
  const auto [date, clock] = split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), fraction(clock.subseconds()));
}

std::string to_go_string(TimePoint time) {
  const auto [date, clock] = split(time);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}{} +0000 UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), fraction(clock.subseconds()));
}

std::int64_t to_unix_nanoseconds(TimePoint time) {
  return time.time_since_epoch().count();
}

}  // namespace core
