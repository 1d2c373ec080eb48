// Whose is this alert? The table is a pure function of the alert, the time, the sinks and the routes: silences,
// inhibition, dedup, throttle and group, which need memory, are asked by stages.h.
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
  bool archive = false;  // silences and inhibition keep nothing from it
};

struct Verdict {
  std::vector<std::uint32_t> sinks;       // indexes into the guards, ascending, each once; empty: nobody's
  std::vector<std::uint32_t> routes;      // indexes of the routes that matched, in order
  std::string suppressed_by;              // by what it was kept from a sink; several: "dedup a, mute b"; "": by nothing
  std::vector<std::string> reasons = {};  // the same, one by one
  void hold(std::string reason);          // one more
};

class RouteTable {
 public:
  // Every name in a route's `to` must be a guard's: read_outputs has checked that.
  RouteTable(std::vector<Guard> guards, std::vector<Route> routes, std::vector<Inhibition> inhibitions = {});

  // Matchers alone, as if nothing had come before: for decisions that were lost, and for `route test`. An alert with
  // directions goes where they say (a sink that is not there any more: nowhere), past everything else. The rule "Test
  // rule" (the hub's /test) passes every minimumpriority, as in falcosidekick.
  Verdict decide(const core::Alert& alert) const;

  // The routes that match, in order, up to the first that does not continue.
  std::vector<std::uint32_t> matching(const core::Alert& alert) const;
  // Of a route's sinks, those that take an alert of this priority.
  std::vector<std::uint32_t> taking(std::uint32_t route, const core::Alert& alert) const;
  std::vector<std::uint32_t> taking_unnamed(const core::Alert& alert) const;  // … and of those that no route names
  std::vector<std::uint32_t> directed(const core::Alert& alert) const;        // where its directions say
  // "" or the name of the interval that mutes the route now.
  static std::string muted_by(const Route& route, core::TimePoint now);
  static bool is_active(const Route& route, core::TimePoint now);
  bool is_named(std::size_t guard) const { return named_[guard]; }

  const std::vector<Guard>& guards() const { return guards_; }
  const std::vector<Route>& routes() const { return routes_; }
  const std::vector<Inhibition>& inhibitions() const { return inhibitions_; }

 private:
  bool passes(std::uint32_t guard, const core::Alert& alert) const;

  std::vector<Guard> guards_;
  std::vector<Route> routes_;
  std::vector<Inhibition> inhibitions_;
  std::vector<std::vector<std::uint32_t>> targets_;  // of each route
  std::vector<bool> named_;                          // of each guard: some route names it
};

bool has_directions(const core::Alert& alert);  // that name sinks

}  // namespace hub
