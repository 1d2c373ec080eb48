#include "hub/route/interval.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>

namespace hub {
namespace {

using core::Fields;
using core::YamlNode;
using Range = Interval::Range;
using Parse = std::function<std::optional<int>(std::string_view)>;

constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kLongWeekdays{"sunday",   "monday", "tuesday", "wednesday",
                                                        "thursday", "friday", "saturday"};

std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int> parse_weekday(std::string_view text) {
  const std::string word = core::ascii_lower(text);
  for (std::size_t i = 0; i < kWeekdays.size(); ++i) {
    if (word == kWeekdays[i] || word == kLongWeekdays[i]) return static_cast<int>(i);
  }
  return std::nullopt;
}

std::optional<int> parse_month(std::string_view text) {
  const auto found = std::find(kMonths.begin(), kMonths.end(), core::ascii_lower(text.substr(0, 3)));
  if (found != kMonths.end() && text.size() >= 3) return static_cast<int>(found - kMonths.begin()) + 1;
  const auto number = parse_number(text);
  return number && *number >= 1 && *number <= 12 ? number : std::nullopt;
}

std::optional<int> parse_day(std::string_view text) {
  const auto number = parse_number(text);
  return number && *number != 0 && *number >= -31 && *number <= 31 ? number : std::nullopt;
}

std::optional<int> parse_time(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = parse_number(text.substr(0, 2)), minute = parse_number(text.substr(3));
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59 || *hour > 24) return std::nullopt;
  const int all = *hour * 60 + *minute;
  return all <= 24 * 60 ? std::optional{all} : std::nullopt;
}

// "a-b" or "a"; a sign in front belongs to the number.
std::optional<Range> parse_range(std::string_view text, const Parse& parse) {
  const auto dash = text.find('-', text.starts_with('-') ? 1 : 0);
  const auto first = parse(core::trim(text.substr(0, dash)));
  const auto last = dash == std::string_view::npos ? first : parse(core::trim(text.substr(dash + 1)));
  if (!first || !last) return std::nullopt;
  return Range{*first, *last};
}

void read_ranges(Fields& fields, std::string_view key, std::string_view help, const char* hint, const Parse& parse,
                 std::vector<Range>& into) {
  const YamlNode* node = fields.raw(key, help, "list");
  if (node == nullptr) return;
  const auto take = [&](const YamlNode& item) {
    const auto range = item.is_scalar() ? parse_range(core::trim(item.scalar), parse) : std::nullopt;
    if (range) {
      into.push_back(*range);
    } else {
      fields.diagnostics().error(item.place,
                                 fields.owner() + " has '" + core::printable(item.scalar) + "' under '" +
                                     std::string{key} + "', which is none",
                                 hint);
    }
  };
  if (!node->is_sequence()) return take(*node);
  if (node->items.empty())
    fields.error(key, fields.owner() + " has an empty list under '" + std::string{key} + "'", hint);
  for (const YamlNode& item : node->items) take(item);
}

bool any_holds(const std::vector<Range>& ranges, int value) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [value](const Range& range) {
           return range.first <= range.last ? value >= range.first && value <= range.last
                                            : value >= range.first || value <= range.last;
         });
}

}  // namespace

bool Interval::is_on(const LocalDay& day) const {
  if (!any_holds(weekdays, day.weekday) || !any_holds(months, day.month)) return false;
  return days_of_month.empty() || std::any_of(days_of_month.begin(), days_of_month.end(), [&](const Range& range) {
           const auto real = [&](int number) { return number > 0 ? number : day.days_in_month + 1 + number; };
           return day.day >= real(range.first) && day.day <= real(range.last);
         });
}

bool Interval::contains(core::TimePoint time) const {
  const TimeZone::Local local = zone.at(time);
  if (times.empty()) return is_on(local.today);
  return std::any_of(times.begin(), times.end(), [&](const Range& range) {
    if (range.first <= range.last)
      return local.minute >= range.first && local.minute < range.last && is_on(local.today);
    return (local.minute >= range.first && is_on(local.today)) || (local.minute < range.last && is_on(local.yesterday));
  });
}

void Interval::describe(Fields& fields) {
  read_ranges(fields, "weekdays", "[mon-fri, sun]", "write mon, or mon-fri; days are sun mon tue wed thu fri sat",
              parse_weekday, weekdays);
  read_ranges(fields, "times", "[\"09:00-18:00\"]; the end is not in it",
              "write \"09:00-18:00\", with quotes; the last minute of a day is before 24:00", parse_time, times);
  read_ranges(fields, "days_of_month", "[\"1-7\", \"-1\"]",
              "write 1 to 31, or -1 for the last day; \"1-7\" for several", parse_day, days_of_month);
  read_ranges(fields, "months", "[jan-mar, 12]", "write jan or 1, or jan-mar", parse_month, months);
  for (const Range& range : times) {
    if (range.first == range.last)
      fields.error("times", fields.owner() + " has a time without a length", "write 09:00-18:00");
  }
  std::string name_of_zone = "UTC";
  fields.optional("tz", name_of_zone, "time zone, e.g. Europe/Berlin");
  if (fields.listing()) return;
  if (auto loaded = TimeZone::load(name_of_zone)) {
    zone = *loaded;
  } else {
    fields.error("tz", fields.owner() + ": '" + core::printable(name_of_zone) + "' " + loaded.error().what,
                 "write a name like Europe/Berlin, America/New_York or UTC; the package tzdata has them");
  }
}

Intervals read_intervals(const YamlNode& node, core::Diagnostics& diagnostics) {
  Intervals intervals;
  if (!node.is_map()) {
    diagnostics.error(node.place, "'intervals' is not a map of intervals",
                      "write intervals: {office: {weekdays: [mon-fri], times: [\"09:00-18:00\"], tz: Europe/Berlin}}");
    return intervals;
  }
  for (const auto& [name, block] : node.entries) {
    auto interval = std::make_shared<Interval>();
    interval->name = name.scalar;
    Fields fields{block, "interval '" + core::printable(name.scalar) + "'", diagnostics};
    interval->describe(fields);
    fields.finish();
    if (interval->weekdays.empty() && interval->times.empty() && interval->days_of_month.empty() &&
        interval->months.empty() && !diagnostics.has_errors())
      diagnostics.error(name.place, fields.owner() + " says nothing of when it is",
                        "give weekdays, times, days_of_month or months");
    intervals[name.scalar] = std::move(interval);
  }
  return intervals;
}

}  // namespace hub
