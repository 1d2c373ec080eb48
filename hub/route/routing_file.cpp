#include "hub/route/routing_file.h"

#include "core/suggest.h"
#include "core/text.h"

#include <algorithm>
#include <charconv>

namespace hub {
namespace {

using core::Diagnostics;
using core::Fields;
using core::YamlNode;

constexpr std::size_t kLongestName = 100;  // it is in every decision record
constexpr std::size_t kMostBy = 8;
constexpr std::uint64_t kMostInDigest = 1000;
constexpr auto kLongestWindow = std::chrono::hours{24 * 7};
constexpr const char* kByHelp =
    "what makes alerts alike: rule, hostname, source, priority, output, tags or output fields";

class RoutingReader {
 public:
  RoutingReader(const RoutingNodes& nodes, const SinkNames& sinks, Diagnostics& diagnostics)
      : nodes_{nodes}, sinks_{sinks}, diagnostics_{diagnostics} {}

  Routing read();

 private:
  void read_route(const YamlNode& node, std::size_t number);
  void read_inhibition(const YamlNode& node, std::size_t number);
  void read_targets(Fields& fields, const YamlNode& node, Route& route);
  void read_noise(Fields& fields, Route& route);
  void read_times(Fields& fields, std::string_view key, std::string_view help,
                  std::vector<std::shared_ptr<const Interval>>& into);

  const RoutingNodes& nodes_;
  const SinkNames& sinks_;
  Diagnostics& diagnostics_;
  HostGroups groups_;
  Intervals intervals_;
  Routing routing_;
};

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + core::printable(name);
  return list;
}

std::vector<const YamlNode*> items_of(const YamlNode& node) {
  std::vector<const YamlNode*> items;
  if (!node.is_sequence()) return {&node};
  for (const YamlNode& item : node.items) items.push_back(&item);
  return items;
}

void check_duration(Fields& fields, std::string_view key, core::Duration value) {
  if (value > core::Duration::zero() && value <= kLongestWindow) return;
  fields.error(key,
               fields.owner() + " has '" + std::string{key} + "' " + core::to_text(value) + ", which is too " +
                   (value > kLongestWindow ? "long" : "short"),
               "write more than 0s, and at most 7d");
}

void check_by(Fields& fields, std::string_view key, const std::vector<std::string>& by) {
  if (by.size() > kMostBy)
    fields.error(key, fields.owner() + " has more than 8 names under '" + std::string{key} + "'",
                 "keep the ones that matter");
}

void read_dedup(Fields& fields, Route& route) {
  Dedup dedup;
  fields.optional("by", dedup.by, kByHelp);
  fields.required("window", dedup.window, "how long the same alert is held back");
  check_by(fields, "by", dedup.by);
  if (fields.has("window")) check_duration(fields, "window", dedup.window);
  route.dedup = dedup;
}

// "10/5m", "10/m"
bool parse_quota(std::string_view text, Throttle& into) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view count = core::trim(text.substr(0, slash));
  std::string period{core::trim(text.substr(slash + 1))};
  if (!period.empty() && (period.front() < '0' || period.front() > '9')) period.insert(0, "1");
  const auto parsed = std::from_chars(count.data(), count.data() + count.size(), into.most);
  const auto duration = core::parse_duration(period);
  if (parsed.ec != std::errc{} || parsed.ptr != count.data() + count.size() || into.most == 0 || !duration)
    return false;
  into.period = *duration;
  return into.period > core::Duration::zero() && into.period <= kLongestWindow;
}

void read_throttle(Fields& fields, Route& route) {
  Throttle throttle;
  std::string rate, overflow = "summarize";
  fields.optional("by", throttle.by, kByHelp);
  fields.required("rate", rate, "how many in which time: 10/5m");
  fields.choice("overflow", overflow, {"summarize", "drop"},
                "what becomes of the rest: one alert that counts it, or nothing");
  check_by(fields, "by", throttle.by);
  if (fields.has("rate") && !parse_quota(rate, throttle))
    fields.error("rate", fields.owner() + " has rate '" + core::printable(rate) + "', which is none",
                 "write 10/5m: ten alerts in five minutes");
  throttle.summarizes = overflow == "summarize";
  route.throttle = throttle;
}

void read_group(Fields& fields, Route& route) {
  Grouping group;
  fields.optional("by", group.by, kByHelp);
  fields.optional("wait", group.wait, "sent when no more came for so long");
  fields.optional("max_wait", group.max_wait, "sent so long after the first at the latest");
  fields.optional("max_alerts", group.max_alerts, "sent when there are so many, 2 to 1000");
  check_by(fields, "by", group.by);
  check_duration(fields, "wait", group.wait);
  check_duration(fields, "max_wait", group.max_wait);
  if (group.max_wait < group.wait)
    fields.error("max_wait", fields.owner() + " has a max_wait below its wait", "make max_wait at least wait");
  if (group.max_alerts < 2 || group.max_alerts > kMostInDigest)
    fields.error("max_alerts", fields.owner() + " has max_alerts " + std::to_string(group.max_alerts),
                 "write 2 to 1000");
  route.group = group;
}

Routing RoutingReader::read() {
  if (nodes_.hosts != nullptr) groups_ = read_host_groups(*nodes_.hosts, diagnostics_);
  if (nodes_.intervals != nullptr) intervals_ = read_intervals(*nodes_.intervals, diagnostics_);
  if (nodes_.routes != nullptr && !nodes_.routes->is_sequence()) {
    diagnostics_.error(nodes_.routes->place, "'routes' is not a list",
                       "write each route as - {name: …, match: {…}, to: […]}");
  } else if (nodes_.routes != nullptr) {
    for (std::size_t i = 0; i < nodes_.routes->items.size(); ++i) read_route(nodes_.routes->items[i], i + 1);
  }
  if (nodes_.inhibit != nullptr && !nodes_.inhibit->is_sequence()) {
    diagnostics_.error(nodes_.inhibit->place, "'inhibit' is not a list",
                       "write each as - {source: {…}, target: {…}, equal: [hostname], for: 5m}");
  } else if (nodes_.inhibit != nullptr) {
    for (std::size_t i = 0; i < nodes_.inhibit->items.size(); ++i) read_inhibition(nodes_.inhibit->items[i], i + 1);
  }
  return std::move(routing_);
}

void RoutingReader::read_route(const YamlNode& node, std::size_t number) {
  const YamlNode* name_node = node.is_map() ? node.find("name") : nullptr;
  Route route;
  route.name = name_node != nullptr && !name_node->scalar.empty() ? name_node->scalar : std::to_string(number);
  route.place = name_node != nullptr ? name_node->place : node.place;
  Fields fields{node, "route '" + core::printable(route.name) + "'", diagnostics_};
  if (!node.is_map()) return;
  fields.optional("name", route.name, "for metrics and logs; default: its number");
  fields.group("match", "which alerts; not there: all", [&](Fields& match) { route.match.describe(match, groups_); });
  fields.optional("continue", route.continues, "try the routes below too");
  std::string drop;
  fields.choice("drop", drop, {"all"}, "all: no sink gets it, not even those that no route names");
  const YamlNode* to = fields.raw("to", "the sinks; []: none of those that routes name", "list");
  read_times(fields, "active", "intervals outside of which the route is not there", route.active);
  read_times(fields, "mute", "intervals in which its sinks get nothing", route.mute);
  read_noise(fields, route);
  fields.finish();

  route.drops_all = drop == "all";
  const auto same = [&](const Route& other) { return other.name == route.name; };
  if (std::any_of(routing_.routes.begin(), routing_.routes.end(), same)) {
    fields.error("name", "there is another route '" + core::printable(route.name) + "' above",
                 "give each route a name of its own");
  }
  if (route.name.size() > kLongestName)
    fields.error("name", "the name of a route is longer than 100 bytes", "make it shorter");
  if (to == nullptr && !route.drops_all) {
    fields.error("to", fields.owner() + " lacks 'to'", "add to: [sink, …], or to: [] to stop here");
  }
  if (route.drops_all && (to != nullptr || route.continues)) {
    fields.error("drop", fields.owner() + " has 'drop: all' and says where to go on", "keep one of them");
  }
  if (to != nullptr) read_targets(fields, *to, route);
  const bool nowhere = to == nullptr || (to->is_sequence() && to->items.empty());  // not: to a name that is wrong
  if (nowhere && (route.dedup || route.throttle || route.group)) {
    fields.error("name", fields.owner() + " goes to no output, so there is nothing to dedup, throttle or group",
                 "add to: [sink, …]");
  }
  routing_.routes.push_back(std::move(route));
}

void RoutingReader::read_noise(Fields& fields, Route& route) {
  const auto block = [&](std::string_view key, std::string_view help, void (*describe)(Fields&, Route&)) {
    const YamlNode* node = fields.raw(key, help);
    if (node == nullptr) return;
    Fields inner{*node, fields.owner() + " under '" + std::string{key} + "'", diagnostics_};
    describe(inner, route);
    inner.finish();
  };
  block("dedup", "hold the same alert back for a while: {by, window}", read_dedup);
  block("throttle", "so many and no more: {by, rate, overflow}", read_throttle);
  block("group", "collect alerts and send them as one: {by, wait, max_wait, max_alerts}", read_group);
}

void RoutingReader::read_times(Fields& fields, std::string_view key, std::string_view help,
                               std::vector<std::shared_ptr<const Interval>>& into) {
  const YamlNode* node = fields.raw(key, help, "list");
  if (node == nullptr) return;
  std::vector<std::string> known;
  for (const auto& [name, interval] : intervals_) known.push_back(name);
  for (const YamlNode* item : items_of(*node)) {
    if (const auto found = intervals_.find(item->scalar); item->is_scalar() && found != intervals_.end()) {
      into.push_back(found->second);
      continue;
    }
    const std::string near = core::nearest(item->scalar, known);
    diagnostics_.error(item->place,
                       fields.owner() + " has '" + core::printable(item->scalar) + "' under '" + std::string{key} +
                           "', which is no interval",
                       !near.empty()   ? "did you mean '" + near + "'?"
                       : known.empty() ? "the file has no intervals:"
                                       : "the intervals are: " + list_of(known));
  }
}

void RoutingReader::read_targets(Fields& fields, const YamlNode& node, Route& route) {
  for (const YamlNode* item : items_of(node)) {
    if (!item->is_scalar()) {
      diagnostics_.error(item->place, fields.owner() + ": an entry of 'to' is not the name of an output",
                         "write to: [name, name]");
    } else if (sinks_.disabled.contains(item->scalar)) {
      diagnostics_.error(item->place, fields.owner() + " goes to output '" + item->scalar + "', which is not enabled",
                         "enable it, or take it out of 'to'");
    } else if (!sinks_.known.contains(item->scalar)) {
      const std::vector<std::string> known{sinks_.known.begin(), sinks_.known.end()};
      const std::string near = core::nearest(item->scalar, known);
      const std::string list = list_of(known);
      diagnostics_.error(
          item->place, fields.owner() + " goes to output '" + core::printable(item->scalar) + "', which does not exist",
          near.empty() ? "the outputs are: " + list : "did you mean '" + near + "'? the outputs are: " + list);
    } else if (std::find(route.to.begin(), route.to.end(), item->scalar) == route.to.end()) {
      route.to.push_back(item->scalar);
    }
  }
}

void RoutingReader::read_inhibition(const YamlNode& node, std::size_t number) {
  Inhibition made;
  made.name = std::to_string(number);
  Fields fields{node, "inhibit " + made.name, diagnostics_};
  if (!node.is_map()) return;
  fields.optional("name", made.name, "for metrics and lists; default: its number");
  if (fields.raw("source", "the alerts that keep others quiet") == nullptr)
    fields.error("source", fields.owner() + " lacks 'source'", "add source: {priority: \">=critical\"}");
  if (fields.raw("target", "the alerts that are kept quiet") == nullptr)
    fields.error("target", fields.owner() + " lacks 'target'", "add target: {priority: \"<=notice\"}");
  fields.group("source", "the alerts that keep others quiet",
               [&](Fields& match) { made.source.describe(match, groups_); });
  fields.group("target", "the alerts that are kept quiet",
               [&](Fields& match) { made.target.describe(match, groups_); });
  fields.optional("equal", made.equal, "in what both must be the same: hostname, rule, output fields …");
  fields.required("for", made.lasting, "how long after the source");
  fields.finish();
  check_by(fields, "equal", made.equal);
  if (fields.has("for")) check_duration(fields, "for", made.lasting);
  if (made.name.size() > kLongestName)
    fields.error("name", "the name of an inhibition is longer than 100 bytes", "make it shorter");
  const auto same = [&](const Inhibition& other) { return other.name == made.name; };
  if (std::any_of(routing_.inhibitions.begin(), routing_.inhibitions.end(), same))
    fields.error("name", "there is another inhibition '" + core::printable(made.name) + "' above",
                 "give each a name of its own");
  routing_.inhibitions.push_back(std::move(made));
}

// The route above that takes everything that this one matches; nullptr: none that we can be sure of.
const Route* taken_by(const std::vector<Route>& routes, std::size_t index) {
  for (std::size_t above = 0; above < index; ++above) {
    const Route& route = routes[above];
    if (!route.continues && route.active.empty() && surely_covers(route.match, routes[index].match)) return &route;
  }
  return nullptr;
}

}  // namespace

Routing read_routing(const RoutingNodes& nodes, const SinkNames& sinks, Diagnostics& diagnostics) {
  return RoutingReader{nodes, sinks, diagnostics}.read();
}

void warn_of_routing(const RouteTable& table, const std::string& file, Diagnostics& diagnostics) {
  const std::vector<Route>& routes = table.routes();
  std::set<std::string> named, fed, alarmed;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const Route* taker = taken_by(routes, i);
    if (taker != nullptr)
      diagnostics.warning(routes[i].place,
                          "route '" + core::printable(routes[i].name) + "' is never reached: route '" +
                              core::printable(taker->name) + "' above takes all of its alerts",
                          "move it up, or give the one above continue: true");
    const auto& priorities = routes[i].match.priorities;
    const bool severe = priorities.empty() || core::at_least(priorities.front(), core::Priority::Critical);
    for (const std::string& sink : routes[i].to) {
      named.insert(sink);
      if (taker == nullptr) fed.insert(sink);
      if (taker == nullptr && severe) alarmed.insert(sink);
    }
  }
  bool anybody = table.guards().empty();
  for (const Guard& guard : table.guards()) {
    if (named.contains(guard.sink) && !fed.contains(guard.sink))
      diagnostics.warning({file, 0, 0}, "output '" + core::printable(guard.sink) +
                                            "' gets nothing: the routes that name it are never reached");
    anybody = anybody || !named.contains(guard.sink) || alarmed.contains(guard.sink);
  }
  if (!anybody)
    diagnostics.warning(
        {file, 0, 0},
        "no output gets alerts at critical or above: every output is named by routes, and none of these matches them",
        "add a route for priority \">=critical\"");
}

}  // namespace hub
