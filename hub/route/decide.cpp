#include "hub/route/decide.h"

#include "core/invariant.h"

#include <algorithm>

namespace hub {

void Verdict::hold(std::string reason) {
  suppressed_by += (suppressed_by.empty() ? "" : ", ") + reason;
  reasons.push_back(std::move(reason));
}

RouteTable::RouteTable(std::vector<Guard> guards, std::vector<Route> routes, std::vector<Inhibition> inhibitions)
    : guards_{std::move(guards)}, routes_{std::move(routes)}, inhibitions_{std::move(inhibitions)} {
  named_.resize(guards_.size());
  for (const Route& route : routes_) {
    auto& targets = targets_.emplace_back();
    for (const std::string& name : route.to) {
      const auto found =
          std::find_if(guards_.begin(), guards_.end(), [&](const Guard& guard) { return guard.sink == name; });
      INVARIANT(found != guards_.end());
      const auto index = static_cast<std::uint32_t>(found - guards_.begin());
      targets.push_back(index);
      named_[index] = true;
    }
  }
}

Verdict RouteTable::decide(const core::Alert& alert) const {
  if (has_directions(alert)) return {.sinks = directed(alert), .routes = {}, .suppressed_by = {}};
  Verdict verdict{.sinks = taking_unnamed(alert), .routes = matching(alert), .suppressed_by = {}};
  for (const std::uint32_t index : verdict.routes) {
    const Route& route = routes_[index];
    if (route.drops_all) {
      Verdict nobody{.sinks = {}, .routes = std::move(verdict.routes), .suppressed_by = {}};
      nobody.hold("route " + route.name);
      return nobody;
    }
    if (const std::string interval = muted_by(route, alert.received); !interval.empty()) {
      verdict.hold("mute " + interval);
      continue;
    }
    const auto its = taking(index, alert);
    verdict.sinks.insert(verdict.sinks.end(), its.begin(), its.end());
  }
  std::sort(verdict.sinks.begin(), verdict.sinks.end());
  verdict.sinks.erase(std::unique(verdict.sinks.begin(), verdict.sinks.end()), verdict.sinks.end());
  return verdict;
}

std::vector<std::uint32_t> RouteTable::matching(const core::Alert& alert) const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    if (!routes_[i].match.matches(alert) || !is_active(routes_[i], alert.received)) continue;
    found.push_back(i);
    if (routes_[i].drops_all || !routes_[i].continues) break;
  }
  return found;
}

std::vector<std::uint32_t> RouteTable::taking(std::uint32_t route, const core::Alert& alert) const {
  std::vector<std::uint32_t> found;
  for (const std::uint32_t sink : targets_[route]) {
    if (passes(sink, alert)) found.push_back(sink);
  }
  return found;
}

std::vector<std::uint32_t> RouteTable::taking_unnamed(const core::Alert& alert) const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < guards_.size(); ++i) {
    if (!named_[i] && passes(i, alert)) found.push_back(i);
  }
  return found;
}

std::vector<std::uint32_t> RouteTable::directed(const core::Alert& alert) const {
  std::vector<std::uint32_t> found;
  const auto& only = alert.directions->only_to;
  for (std::uint32_t i = 0; i < guards_.size(); ++i) {
    if (std::find(only.begin(), only.end(), guards_[i].sink) != only.end()) found.push_back(i);
  }
  return found;
}

std::string RouteTable::muted_by(const Route& route, core::TimePoint now) {
  const auto found = std::find_if(route.mute.begin(), route.mute.end(),
                                  [now](const auto& interval) { return interval->contains(now); });
  return found == route.mute.end() ? std::string{} : (*found)->name;
}

bool RouteTable::is_active(const Route& route, core::TimePoint now) {
  return route.active.empty() || std::any_of(route.active.begin(), route.active.end(),
                                             [now](const auto& interval) { return interval->contains(now); });
}

bool RouteTable::passes(std::uint32_t guard, const core::Alert& alert) const {
  return alert.rule == "Test rule" || core::at_least(alert.priority, guards_[guard].minimumpriority);
}

bool has_directions(const core::Alert& alert) {
  return alert.directions != nullptr && !alert.directions->only_to.empty();
}

}  // namespace hub
