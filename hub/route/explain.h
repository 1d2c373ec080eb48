// What routes make of an alert, in words and as a table: for `route test` and `route table`. Matchers and times alone:
// what came before (dedup, throttle, groups, silences, inhibition) is not known here.
#pragma once

#include "hub/route/decide.h"

#include <string>
#include <vector>

namespace hub {

std::vector<std::string> sinks_of(const RouteTable& table, const core::Alert& alert);  // by name, in the file's order

// One line a route: matched, with its sinks, or the first thing that does not; then who else gets it.
std::string explain(const RouteTable& table, const core::Alert& alert);

// One line a priority, one column a sink: "all" (no route names it), the routes that may bring it such alerts, or "-".
std::string table_text(const RouteTable& table);

}  // namespace hub
