#include "hub/route/explain.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace hub {
namespace {

std::string names_of(const RouteTable& table, const std::vector<std::uint32_t>& sinks) {
  std::string names;
  for (const std::uint32_t sink : sinks) names += (names.empty() ? "" : ", ") + table.guards()[sink].sink;
  return names.empty() ? "no output" : names;
}

std::string what_else(const Route& route) {
  std::string text;
  const auto add = [&](bool has, const char* word) {
    if (has) text += (text.empty() ? "" : ", ") + std::string{word};
  };
  add(route.dedup.has_value(), "dedup");
  add(route.throttle.has_value(), "throttle");
  add(route.group.has_value(), "group");
  return text.empty() ? text : " (after its " + text + ")";
}

std::string outcome(const RouteTable& table, std::uint32_t index, const core::Alert& alert, bool reached) {
  const Route& route = table.routes()[index];
  if (!reached) return "not tried: a route above took the alert";
  if (!RouteTable::is_active(route, alert.received)) return "not there at this time (active)";
  if (const std::string why = route.match.why_not(alert); !why.empty()) return "no: " + why;
  if (route.drops_all) return "matched: drop all, no output gets it";
  if (const std::string interval = RouteTable::muted_by(route, alert.received); !interval.empty())
    return "matched, but muted by interval " + interval;
  const auto taking = table.taking(index, alert);
  std::string text = "matched: " + (route.to.empty() ? "to no output" : names_of(table, taking) + what_else(route));
  if (taking.size() < route.to.size()) text += "; minimumpriority keeps it from the others";
  return text + (route.continues ? "; continue" : "");
}

std::string cell(const RouteTable& table, std::uint32_t sink, core::Priority priority) {
  const Guard& guard = table.guards()[sink];
  if (!core::at_least(priority, guard.minimumpriority)) return "-";
  if (!table.is_named(sink)) return "all";
  std::string routes;
  for (const Route& route : table.routes()) {
    const auto& priorities = route.match.priorities;
    const bool takes =
        priorities.empty() || std::find(priorities.begin(), priorities.end(), priority) != priorities.end();
    if (takes && std::find(route.to.begin(), route.to.end(), guard.sink) != route.to.end())
      routes += (routes.empty() ? "" : ",") + route.name;
  }
  return routes.empty() ? "-" : core::printable(routes);
}

}  // namespace

std::vector<std::string> sinks_of(const RouteTable& table, const core::Alert& alert) {
  std::vector<std::string> names;
  for (const std::uint32_t sink : table.decide(alert).sinks) names.push_back(table.guards()[sink].sink);
  return names;
}

std::string explain(const RouteTable& table, const core::Alert& alert) {
  const auto matched = table.matching(alert);
  std::string text;
  for (std::uint32_t i = 0; i < table.routes().size(); ++i) {
    const bool stopped = !matched.empty() && i > matched.back() &&
                         (!table.routes()[matched.back()].continues || table.routes()[matched.back()].drops_all);
    text += fmt::format("route {}: {}\n", core::printable(table.routes()[i].name), outcome(table, i, alert, !stopped));
  }
  if (std::none_of(matched.begin(), matched.end(), [&](auto index) { return table.routes()[index].drops_all; }))
    text += fmt::format("named by no route: {}\n", names_of(table, table.taking_unnamed(alert)));
  return text;
}

std::string table_text(const RouteTable& table) {
  std::vector<std::vector<std::string>> columns(1);
  columns[0].emplace_back("PRIORITY");
  for (const core::Priority priority : core::kPriorities) columns[0].emplace_back(core::to_lower(priority));
  for (std::uint32_t sink = 0; sink < table.guards().size(); ++sink) {
    auto& column = columns.emplace_back();
    column.push_back(table.guards()[sink].sink);
    for (const core::Priority priority : core::kPriorities) column.push_back(cell(table, sink, priority));
  }
  std::string text;
  for (std::size_t row = 0; row <= core::kPriorities.size(); ++row) {
    std::string line;
    for (const auto& column : columns) {
      std::size_t width = 0;
      for (const std::string& each : column) width = std::max(width, core::count_runes(each));
      line += column[row] + std::string(width - core::count_runes(column[row]) + 2, ' ');
    }
    text += std::string{line.substr(0, line.find_last_not_of(' ') + 1)} + "\n";
  }
  return text;
}

}  // namespace hub
