#include "hub/control/selection.h"

#include "core/text.h"
#include "core/units.h"

#include <nlohmann/json.hpp>

namespace hub {
namespace {

core::Result<core::TimePoint> parse_time(const std::string& text, core::TimePoint now) {
  if (const auto ago = core::parse_duration(text)) return core::TimePoint{now - *ago};
  if (const auto at = core::parse_rfc3339(text)) return *at;
  return core::Error{core::Fault::Invalid, "'" + core::printable(text) +
                                               "' is no time: write a duration such as 2h, or 2026-11-21T12:00:00Z"};
}

}  // namespace

core::Result<Selection> Selection::parse(const nlohmann::json& request, core::TimePoint now) {
  Selection selection;
  selection.sink = request.value("sink", std::string{});
  selection.rule = request.value("rule", std::string{});
  selection.reason = request.value("reason", std::string{});
  selection.all = request.value("all", false);
  for (const auto& number : request.value("numbers", nlohmann::json::array()))
    selection.numbers.insert(number.get<std::int64_t>());
  if (const auto text = request.value("since", std::string{}); !text.empty()) {
    const auto time = parse_time(text, now);
    if (!time) return time.error();
    selection.since = *time;
  }
  if (const auto text = request.value("until", std::string{}); !text.empty()) {
    const auto time = parse_time(text, now);
    if (!time) return time.error();
    selection.until = *time;
  }
  if (const auto text = request.value("priority", std::string{}); !text.empty()) {
    const auto priority = core::parse_priority(text);
    if (!priority)
      return core::Error{core::Fault::Invalid, "'" + core::printable(text) + "' is no priority: write warning, say"};
    selection.floor = *priority;
  }
  return selection;
}

bool Selection::is_open() const {
  return !all && numbers.empty() && sink.empty() && rule.empty() && reason.empty() && since == core::TimePoint{} &&
         until == core::TimePoint::max() && floor == core::Priority::Debug;
}

bool Selection::takes(const DeadLetter& letter) const {
  if (!numbers.empty() && !numbers.contains(letter.number)) return false;
  if (!sink.empty() && letter.sink != sink) return false;
  if (!rule.empty() && letter.rule != rule) return false;
  if (!reason.empty() && letter.reason.find(reason) == std::string::npos) return false;
  if (letter.at < since || letter.at >= until) return false;
  const auto priority = core::parse_priority(letter.priority);
  return !priority || core::at_least(*priority, floor);
}

bool Selection::takes(const core::Alert& alert) const {
  return (rule.empty() || alert.rule == rule) && core::at_least(alert.priority, floor);
}

}  // namespace hub
