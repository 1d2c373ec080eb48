#include "hub/route/decide.h"

#include "core/invariant.h"

#include <algorithm>

namespace hub {

RouteTable::RouteTable(std::vector<Guard> guards, std::vector<Route> routes)
    : guards_{std::move(guards)}, routes_{std::move(routes)} {
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
  Verdict verdict;
  if (alert.directions && !alert.directions->only_to.empty()) {
    const auto& only = alert.directions->only_to;
    for (std::size_t i = 0; i < guards_.size(); ++i) {
      if (std::find(only.begin(), only.end(), guards_[i].sink) != only.end())
        verdict.sinks.push_back(static_cast<std::uint32_t>(i));
    }
    return verdict;
  }
  std::vector<bool> wanted(guards_.size());
  for (std::size_t i = 0; i < guards_.size(); ++i) wanted[i] = !named_[i];

  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (!routes_[i].match.matches(alert)) continue;
    verdict.routes.push_back(static_cast<std::uint32_t>(i));
    if (routes_[i].drops_all) {
      verdict.suppressed_by = "route " + routes_[i].name;
      return verdict;
    }
    for (const std::uint32_t sink : targets_[i]) wanted[sink] = true;
    if (!routes_[i].continues) break;
  }

  const bool test = alert.rule == "Test rule";
  for (std::size_t i = 0; i < guards_.size(); ++i) {
    if (wanted[i] && (test || core::at_least(alert.priority, guards_[i].minimumpriority)))
      verdict.sinks.push_back(static_cast<std::uint32_t>(i));
  }
  return verdict;
}

}  // namespace hub
