// A route: which alerts go to which sinks. Routes are tried top to bottom; the first that matches wins unless it says `continue`.
// A sink that no route names gets everything at or above its own minimumpriority (which guards routed sinks too).
#pragma once

#include "core/alert.h"
#include "core/fields.h"

#include <string>
#include <vector>

namespace hub {

// A pure function over an alert. Every key given must match; a list is OR; a comma inside an item is AND (Falco Talon's convention).
struct Matcher {
  std::vector<core::Priority> priorities;               // empty: any
  std::vector<std::vector<std::string>> tags;           // OR of ANDs; empty: any
  bool matches(const core::Alert& alert) const;
  void describe(core::Fields& fields);                  // priority: ">=warning" | "error..critical" | [list]; tags: [ "a,b", "c" ]
};

struct Route {
  std::string name;
  Matcher match;
  std::vector<std::string> to;    // sink names
  bool continues = false;
  bool drops_all = false;         // `drop: all`: no sink at all gets it, not even those that no route names; it stays in the journal
};

}  // namespace hub
