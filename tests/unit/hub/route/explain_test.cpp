// What `route test --explain`, `route table` and routes_test.yaml say.
#include "hub/route/explain.h"
#include "hub/route/route_cases.h"
#include "hub/route/routing_file.h"
#include "tests/support/catch.h"

using namespace hub;

namespace {

Routing read(const std::string& yaml, core::Diagnostics& diagnostics) {
  const auto documents = core::parse_yaml("o.yaml", yaml, diagnostics);
  const core::YamlNode& root = documents.at(0);
  diagnostics.add_source("o.yaml", yaml);
  return read_routing({.hosts = root.find("hosts"),
                       .intervals = root.find("intervals"),
                       .routes = root.find("routes"),
                       .inhibit = root.find("inhibit")},
                      {.known = {"pager", "soc", "es"}, .disabled = {"off"}}, diagnostics);
}

RouteTable table(const std::string& yaml) {
  core::Diagnostics diagnostics;
  Routing routing = read(yaml, diagnostics);
  INFO(diagnostics.render());
  REQUIRE_FALSE(diagnostics.has_errors());
  return RouteTable{{{"pager"}, {"soc", core::Priority::Warning}, {"es"}}, routing.routes, routing.inhibitions};
}

const std::string kRoutes = R"(
routes:
  - {name: page, match: {priority: ">=critical"}, to: [pager, soc], continue: true, dedup: {by: [rule], window: 1m}}
  - {name: noise, match: {rules: [Noise]}, to: []}
  - {name: rest, to: [soc]}
)";

}  // namespace

TEST_CASE("each route says whether it matched, and the first thing that did not") {
  core::Alert alert;
  alert.rule = "Noise";
  alert.priority = core::Priority::Critical;

  CHECK(explain(table(kRoutes), alert) ==
        "route page: matched: pager, soc (after its dedup); continue\n"
        "route noise: matched: to no output\n"
        "route rest: not tried: a route above took the alert\n"
        "named by no route: es\n");
  alert.rule = "X";
  alert.priority = core::Priority::Notice;
  CHECK(explain(table(kRoutes), alert) ==
        "route page: no: priority: the alert has 'notice'\n"
        "route noise: no: rules: the alert has 'X'\n"
        "route rest: matched: no output; minimumpriority keeps it from the others\n"
        "named by no route: es\n");
}

TEST_CASE("the table shows which routes may bring which output alerts of which priority") {
  CHECK(table_text(table(kRoutes)) ==
        "PRIORITY       pager  soc        es\n"
        "emergency      page   page,rest  all\n"
        "alert          page   page,rest  all\n"
        "critical       page   page,rest  all\n"
        "error          -      rest       all\n"
        "warning        -      rest       all\n"
        "notice         -      -          all\n"
        "informational  -      -          all\n"
        "debug          -      -          all\n");
}

TEST_CASE("a case that does not come true is an error at what it expects") {
  core::Diagnostics diagnostics;
  const std::string text = R"(tests:
  - {name: pages, alert: {rule: X, priority: critical}, expect: [pager, soc, es]}
  - {alert: {rule: Noise, priority: critical}, expect: [es]}
  - {alert: {priority: info, hots: x}, expect: [es]}
  - {alert: {priority: info}, expect: [ess]}
  - {alert: {priority: info}, expect: [], at: noon}
)";

  CHECK(check_route_cases("t.yaml", text, table(kRoutes), diagnostics) == 5);

  const std::string told = diagnostics.render();
  INFO(told);
  CHECK(diagnostics.errors() == 4);
  for (const char* expected :
       {"t.yaml:3:56: error: test '2' expects es, but the alert goes to es, pager, soc", "has no option 'hots'",
        "test '4' expects 'ess', which is no output", "has 'at' noon, which is no time"})
    CHECK(told.find(expected) != std::string::npos);
}

TEST_CASE("faults of routes, intervals and inhibition are told at their places") {
  core::Diagnostics diagnostics;
  read(R"(
intervals: {office: {weekdays: [mon-fri]}}
routes:
  - {name: a, to: [socc, off], active: [ofice], throttle: {rate: 10}, group: {wait: 1m, max_wait: 1s}}
  - {name: a, to: [], dedup: {by: [rule], window: 8d}}
  - {name: b, drop: all, to: [soc]}
inhibit:
  - {source: {priority: critical}, equal: [hostname]}
)",
       diagnostics);

  const std::string told = diagnostics.render();
  INFO(told);
  for (const char* expected :
       {"o.yaml:4:20: error: route 'a' goes to output 'socc', which does not exist", "did you mean 'soc'?",
        "goes to output 'off', which is not enabled", "has 'ofice' under 'active', which is no interval",
        "did you mean 'office'?", "has rate '10', which is none", "write 10/5m", "has a max_wait below its wait",
        "which is too long", "there is another route 'a' above", "goes to no output, so there is nothing to dedup",
        "has 'drop: all' and says where to go on", "inhibit 1 lacks 'target'", "inhibit 1 lacks 'for'"})
    CHECK(told.find(expected) != std::string::npos);
}

TEST_CASE("a route that one above covers is warned of, but not where that one continues or is not always there") {
  const auto warned = [](const std::string& yaml) {
    core::Diagnostics diagnostics;
    warn_of_routing(table(yaml), "o.yaml", diagnostics);
    return diagnostics.render();
  };

  CHECK(warned("routes: [{name: a, match: {priority: \">=error\"}, to: [soc]}, {name: b, match: {priority: critical}, "
               "to: [pager]}]")
            .find("route 'b' is never reached: route 'a' above takes all of its alerts") != std::string::npos);
  CHECK(warned("routes: [{name: a, match: {priority: \">=error\"}, to: [soc], continue: true}, {name: b, match: "
               "{priority: critical}, to: "
               "[pager]}]")
            .empty());
  CHECK(warned("routes: [{name: a, match: {priority: notice}, to: [soc, pager, es]}]")
            .find("no output gets alerts at critical or above") != std::string::npos);
}
