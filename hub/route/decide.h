// Whose is this alert? A pure function of the alert, the sinks and the routes; asked once an alert, by the router.
#pragma once

#include "hub/route/route.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hub {

// What routing needs to know of a sink.
struct Guard {
  std::string sink;
  core::Priority minimumpriority = core::Priority::Debug;
};

struct Verdict {
  std::vector<std::uint32_t> sinks;   // indexes into the guards, ascending, each once; empty: nobody's
  std::vector<std::uint32_t> routes;  // indexes of the routes that matched, in order
  std::string suppressed_by;          // "route NAME" when `drop: all` kept it from everybody; then `sinks` is empty
};

class RouteTable {
 public:
  // Every name in a route's `to` must be a guard's: read_outputs has checked that.
  RouteTable(std::vector<Guard> guards, std::vector<Route> routes);

  // An alert with directions goes where they say (a sink that is not there any more: nowhere), past everything else.
  // The rule "Test rule" (the hub's /test) passes every minimumpriority, as in falcosidekick.
  Verdict decide(const core::Alert& alert) const;

  const std::vector<Guard>& guards() const { return guards_; }
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Guard> guards_;
  std::vector<Route> routes_;
  std::vector<std::vector<std::uint32_t>> targets_;  // of each route
  std::vector<bool> named_;                          // of each guard: some route names it
};

}  // namespace hub
