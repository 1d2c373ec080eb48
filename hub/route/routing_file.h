// What outputs.yaml says of routing: hosts, intervals, routes, inhibit. Names that are referred to must be there; all
// faults are told at their places.
#pragma once

#include "hub/route/decide.h"

#include <set>
#include <string>

namespace hub {

struct SinkNames {
  std::set<std::string> known, disabled;  // those that could not be read are known too
};

struct RoutingNodes {
  const core::YamlNode *hosts = nullptr, *intervals = nullptr, *routes = nullptr,
                       *inhibit = nullptr;  // nullptr: not there
};

struct Routing {
  std::vector<Route> routes;
  std::vector<Inhibition> inhibitions;
};

Routing read_routing(const RoutingNodes& nodes, const SinkNames& sinks, core::Diagnostics& diagnostics);

// What can be meant by nobody, as warnings: a route that no alert reaches, a sink that only such routes feed, and no
// sink for alerts at critical or above. `file` is named where there is no better place.
void warn_of_routing(const RouteTable& table, const std::string& file, core::Diagnostics& diagnostics);

}  // namespace hub
