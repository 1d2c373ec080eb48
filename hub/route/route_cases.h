// routes_test.yaml: what a person expects of the routes, checked by check-config so that a mistake is found before it
// matters:
//   tests:
//     - name: a critical alert of a production host pages
//       alert: {rule: Any, priority: critical, hostname: prod-1, tags: [a], source: syscalls, output_fields: {k: v}}
//       at: 2026-01-05T10:00:00Z        # for routes with active or mute; default: now
//       expect: [pagerduty, archive]
#pragma once

#include "hub/route/decide.h"

#include <string>

namespace hub {

// Every case that does not come true is an error at its `expect`; so is what cannot be read. How many cases there are.
std::size_t check_route_cases(const std::string& file, const std::string& text, const RouteTable& table,
                              core::Diagnostics& diagnostics);

}  // namespace hub
