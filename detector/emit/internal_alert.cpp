#include "detector/emit/internal_alert.h"

#include "core/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace detector {
namespace {

struct Moment {
  std::tm parts{};
  std::int64_t nanoseconds = 0;
};

Moment split_time(core::TimePoint time, bool local) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t whole = seconds.time_since_epoch().count();
  Moment moment;
  if (local) ::localtime_r(&whole, &moment.parts);
  else ::gmtime_r(&whole, &moment.parts);
  moment.nanoseconds = (time - seconds).count();
  return moment;
}

}  // namespace

Line render(const InternalAlert& alert, const AlertStyle& style) {
  std::string fields;
  for (const auto& [name, value] : alert.fields) {
    if (!fields.empty()) fields += style.json ? "," : " ";
    fields += style.json ? core::json_quote(name) + ":" + value : name + "=" + value;
  }
  if (style.json) {
    const Moment utc = split_time(alert.time, false);
    return {alert.priority, fmt::format(R"({{"hostname":{},"output":{},"output_fields":{{{}}},"priority":"{}","rule":{},"source":"internal","time":"{:%Y-%m-%dT%H:%M:%S}.{:09}Z"}})",
                                        core::json_quote(style.hostname), core::json_quote(alert.message), fields, core::to_text(alert.priority),
                                        core::json_quote(alert.rule), utc.parts, utc.nanoseconds)};
  }
  const Moment moment = split_time(alert.time, !style.time_iso_8601);
  const std::string time = style.time_iso_8601 ? fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}+0000", moment.parts, moment.nanoseconds)
                                               : fmt::format("{:%H:%M:%S}.{:09}", moment.parts, moment.nanoseconds);
  return {alert.priority, fmt::format("{}: {} {} ({})", time, core::to_text(alert.priority), core::printable(alert.message), fields)};
}

}  // namespace detector
