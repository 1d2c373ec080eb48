// A route: which alerts go to which sinks, when, and how much of it. Routes are tried top to bottom; the first that
// matches wins unless it says `continue`. A sink that no route names gets everything at or above its own
// minimumpriority (which guards routed sinks too). And inhibition: an alert that keeps others quiet for a while.
#pragma once

#include "hub/route/interval.h"
#include "hub/route/matcher.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hub {

// The same alert again within `window` is held back. `by`: what makes it the same; empty: the route as a whole.
struct Dedup {
  std::vector<std::string> by = {};
  core::Duration window{};
};

// At most `most` alerts in each `period`, which begins with its first alert; the rest is held back, and told of in one
// alert at the period's end.
struct Throttle {
  std::vector<std::string> by = {};
  std::uint64_t most = 0;
  core::Duration period{};
  bool summarizes = true;
};

// Alerts are collected and sent as one, when none came for `wait`, or `max_wait` after the first, or when there are
// max_alerts.
struct Grouping {
  std::vector<std::string> by = {};
  core::Duration wait = std::chrono::seconds{30}, max_wait = std::chrono::minutes{5};
  std::uint64_t max_alerts = 50;
};

struct Route {
  std::string name;
  Matcher match;
  std::vector<std::string> to;  // sink names
  bool continues = false;
  bool drops_all = false;  // `drop: all`: no sink at all gets it, not even those that no route names; it stays in the
                           // journal
  std::vector<std::shared_ptr<const Interval>> active =
      {};  // outside of all of them the route is not there; empty: always
  std::vector<std::shared_ptr<const Interval>> mute = {};  // inside of one it matches, and its sinks get nothing
  std::optional<Dedup> dedup = {};
  std::optional<Throttle> throttle = {};
  std::optional<Grouping> group = {};
  core::Place place = {};
};

// An alert that `source` matches keeps those that `target` matches, and that are equal in `equal`, quiet for `lasting`.
// One that both match is never a target.
struct Inhibition {
  std::string name;
  Matcher source, target;
  std::vector<std::string> equal = {};
  core::Duration lasting{};
};

}  // namespace hub
