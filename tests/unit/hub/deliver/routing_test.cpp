// Who gets an alert: routes, minimumpriority, and the rule that adding a route changes only the sinks it names.
#include "hub/route/decide.h"
#include "tests/support/catch.h"

#include <algorithm>

using core::Priority;
using namespace hub;

namespace {

core::Alert alert(Priority priority, std::vector<std::string> tags = {}, std::string rule = "R") {
  core::Alert made;
  made.priority = priority;
  made.tags = std::move(tags);
  std::sort(made.tags.begin(), made.tags.end());
  made.rule = std::move(rule);
  return made;
}

Matcher matcher(const std::string& yaml, core::Diagnostics& diagnostics) {
  Matcher made;
  const auto documents = core::parse_yaml("m.yaml", yaml, diagnostics);
  core::Fields fields{documents.at(0), "route 'r'", diagnostics};
  made.describe(fields);
  fields.finish();
  return made;
}

Matcher matcher(const std::string& yaml) {
  core::Diagnostics diagnostics;
  Matcher made = matcher(yaml, diagnostics);
  REQUIRE(diagnostics.render() == "");
  return made;
}

std::vector<std::string> who(const RouteTable& table, const core::Alert& one) {
  std::vector<std::string> names;
  for (const auto index : table.decide(one).sinks) names.push_back(table.guards()[index].sink);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("priority matches a bound, a range, one priority or a list of these") {
  auto matched = [](const std::string& yaml) {
    const Matcher made = matcher(yaml);
    std::string found;
    for (const Priority priority : core::kPriorities) {
      if (made.matches(alert(priority))) found += std::string{core::to_lower(priority)} + " ";
    }
    return found;
  };

  CHECK(matched("priority: '>=error'") == "emergency alert critical error ");
  CHECK(matched("priority: '> error'") == "emergency alert critical ");
  CHECK(matched("priority: '<=notice'") == "notice informational debug ");
  CHECK(matched("priority: '<Info'") == "debug ");
  CHECK(matched("priority: '=error'") == "error ");
  CHECK(matched("priority: warning") == "warning ");
  CHECK(matched("priority: error..critical") == "critical error ");
  CHECK(matched("priority: critical .. error") == "critical error ");
  CHECK(matched("priority: [debug, '>=alert']") == "emergency alert debug ");
}

TEST_CASE("a comma between tags means and, a list means or, and keys of a match mean and") {
  const Matcher made = matcher("{priority: '>=warning', tags: ['container, mitre', T1552]}");

  CHECK(made.matches(alert(Priority::Warning, {"mitre", "container", "x"})));
  CHECK(made.matches(alert(Priority::Error, {"T1552"})));
  CHECK_FALSE(made.matches(alert(Priority::Warning, {"container"})));
  CHECK_FALSE(made.matches(alert(Priority::Warning)));
  CHECK_FALSE(made.matches(alert(Priority::Notice, {"T1552"})));
}

TEST_CASE("a matcher's faults are all told at their places") {
  core::Diagnostics diagnostics;
  matcher("priority: ['>=urgent', '~error']\ntags: ['a,,b', {x: y}]\nnamespace: kube\n", diagnostics);

  CHECK(diagnostics.errors() == 5);
  CHECK(diagnostics.render().find("m.yaml:1:12: error: route 'r' has priority '>=urgent', which is not one") !=
        std::string::npos);
  CHECK(diagnostics.render().find("has no option 'namespace'") != std::string::npos);
}

TEST_CASE("without routes every sink gets everything at or above its own minimumpriority") {
  const RouteTable table{{{"all"}, {"severe", Priority::Error}}, {}};

  CHECK(who(table, alert(Priority::Debug)) == Names{"all"});
  CHECK(who(table, alert(Priority::Critical)) == Names{"all", "severe"});
}

TEST_CASE("adding a route changes only the sinks it names") {
  Route page{.name = "page", .match = matcher("priority: '>=critical'"), .to = {"pager"}};
  const RouteTable table{{{"pager"}, {"archive"}}, {page}};

  CHECK(who(table, alert(Priority::Critical)) == Names{"pager", "archive"});
  CHECK(who(table, alert(Priority::Notice)) == Names{"archive"});
}

TEST_CASE("the first route that matches wins unless it says continue") {
  const Matcher any;
  const RouteTable table{{{"a"}, {"b"}, {"c"}},
                         {{.name = "1", .match = matcher("tags: x"), .to = {"a"}, .continues = true},
                          {.name = "2", .match = any, .to = {"b"}},
                          {.name = "3", .match = any, .to = {"c"}}}};

  CHECK(who(table, alert(Priority::Error, {"x"})) == Names{"a", "b"});
  CHECK(who(table, alert(Priority::Error)) == Names{"b"});
  CHECK(table.decide(alert(Priority::Error, {"x"})).routes == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("a route to nobody stops there for routed sinks only; drop: all stops for everybody and says so") {
  const RouteTable to_nobody{
      {{"routed"}, {"archive"}},
      {{.name = "noise", .match = matcher("tags: ci"), .to = {}}, {.name = "rest", .match = {}, .to = {"routed"}}}};
  CHECK(who(to_nobody, alert(Priority::Error, {"ci"})) == Names{"archive"});
  CHECK(who(to_nobody, alert(Priority::Error)) == Names{"routed", "archive"});

  const RouteTable dropped{{{"routed"}, {"archive"}},
                           {{.name = "noise", .match = matcher("tags: ci"), .drops_all = true}}};
  CHECK(who(dropped, alert(Priority::Error, {"ci"})).empty());
  CHECK(dropped.decide(alert(Priority::Error, {"ci"})).suppressed_by == "route noise");
}

TEST_CASE("minimumpriority guards routed sinks too, and the test rule passes it") {
  const RouteTable table{{{"pager", Priority::Error}}, {{.name = "r", .match = {}, .to = {"pager"}}}};

  CHECK(who(table, alert(Priority::Warning)).empty());
  CHECK(who(table, alert(Priority::Debug, {}, "Test rule")) == Names{"pager"});
}
