// Which alerts a match block means: each kind of matcher, its faults, and all of them against a naive twin.
#include "hub/route/matcher.h"
#include "tests/support/catch.h"
#include "tests/support/route_oracle.h"

#include <random>

using namespace hub;

namespace {

Matcher read(const std::string& yaml, core::Diagnostics& diagnostics, const HostGroups& groups = {}) {
  Matcher made;
  const auto documents = core::parse_yaml("m.yaml", yaml, diagnostics);
  core::Fields fields{documents.at(0), "route 'r'", diagnostics};
  made.describe(fields, groups);
  fields.finish();
  return made;
}

Matcher read(const std::string& yaml, const HostGroups& groups = {}) {
  core::Diagnostics diagnostics;
  Matcher made = read(yaml, diagnostics, groups);
  REQUIRE(diagnostics.render() == "");
  return made;
}

core::Alert alert(const std::string& rule, const std::string& host = "web-1") {
  core::Alert made;
  made.rule = rule;
  made.hostname = host;
  made.source = "syscalls";
  made.fields = {{"container.id", core::AlertField::Kind::Text, {}, "c1"},
                 {"k8s.ns.name", core::AlertField::Kind::Text, {}, "prod"},
                 {"proc.pid", core::AlertField::Kind::Number, "12", "12"}};
  return made;
}

HostGroups groups(const std::string& yaml) {
  core::Diagnostics diagnostics;
  auto made = read_host_groups(core::parse_yaml("h.yaml", yaml, diagnostics).at(0), diagnostics);
  REQUIRE(diagnostics.render() == "");
  return made;
}

}  // namespace

TEST_CASE("rules, source and hostname match exactly, by glob, or by an expression anywhere in them") {
  CHECK(read("rules: Shell in container").matches(alert("Shell in container")));
  CHECK_FALSE(read("rules: Shell").matches(alert("Shell in container")));
  CHECK(read("rules: ['nope', 'glob:*in*']").matches(alert("Shell in container")));
  CHECK_FALSE(read("rules: 'glob:*in'").matches(alert("Shell in container")));
  CHECK(read("rules: 're2:^Shell|x$'").matches(alert("Shell in container")));
  CHECK(read("hostname: 'glob:web-?'").matches(alert("R", "web-ü")));
  CHECK_FALSE(read("hostname: 'glob:web-?'").matches(alert("R", "web-12")));
  CHECK(read("source: syscalls").matches(alert("R")));
  CHECK_FALSE(read("source: k8s_audit").matches(alert("R")));
  CHECK(read("rules: '*'").matches(alert("*")));
  CHECK_FALSE(read("rules: '*'").matches(alert("x")));
}

TEST_CASE("output_fields test values, absence and presence; a comma means and, a list means or") {
  CHECK(read("output_fields: 'k8s.ns.name=prod, proc.pid=12'").matches(alert("R")));
  CHECK_FALSE(read("output_fields: 'k8s.ns.name=prod, proc.pid=13'").matches(alert("R")));
  CHECK(read("output_fields: ['proc.pid=13', 'k8s.ns.name=glob:pr*']").matches(alert("R")));
  CHECK(read("output_fields: 'k8s.ns.name!=kube-system'").matches(alert("R")));
  CHECK(read("output_fields: 'fd.name!=x'").matches(alert("R")));
  CHECK(read("output_fields: 'container.id'").matches(alert("R")));
  CHECK_FALSE(read("output_fields: '!container.id'").matches(alert("R")));
  CHECK(read("output_fields: '!fd.name'").matches(alert("R")));
  CHECK(read("output_fields: 'k8s.ns.name=re2:^(prod|live)$'").matches(alert("R")));
  core::Alert with_comma = alert("R");
  with_comma.fields = {{"a", core::AlertField::Kind::Text, {}, "x,y"}};
  CHECK(read(R"(output_fields: 'a=x\,y')").matches(with_comma));
}

TEST_CASE("a group of hosts holds names, globs and networks") {
  const HostGroups hosts = groups("{prod: ['prod-*', db1, 10.1.0.0/16, 'fd00::/8'], odd: [10.128.0.0/9]}");

  const Matcher prod = read("host_group: prod", hosts);
  for (const char* host : {"prod-1", "db1", "10.1.255.1", "fd12::1"}) CHECK(prod.matches(alert("R", host)));
  for (const char* host : {"db2", "10.2.0.1", "fe80::1", "", "10.1.0"}) CHECK_FALSE(prod.matches(alert("R", host)));
  const Matcher odd = read("host_group: odd", hosts);
  CHECK(odd.matches(alert("R", "10.200.0.1")));
  CHECK_FALSE(odd.matches(alert("R", "10.127.0.1")));
  CHECK(Network::parse("0.0.0.0/0").value().contains("1.2.3.4"));
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "300.0.0.0/8", "::/129", "/8"})
    CHECK_FALSE(Network::parse(bad));
}

TEST_CASE("not turns a block around, and why_not says what an alert has instead") {
  const Matcher made = read("{rules: 'glob:*Shell*', not: {hostname: 'glob:test-*', source: syscalls}}");

  CHECK(made.matches(alert("A Shell", "web-1")));
  CHECK_FALSE(made.matches(alert("A Shell", "test-1")));
  CHECK(made.why_not(alert("A Shell")).empty());
  CHECK(made.why_not(alert("x\x1b[31m")) == "rules: the alert has 'x\\u001b[31m'");
  CHECK(made.why_not(alert("A Shell", "test-1")) == "not: its block matches the alert");
}

TEST_CASE("a match block's faults are told at their places, with what to write") {
  core::Diagnostics diagnostics;
  read("rules: ['re2:(', '']\nhostname: []\noutput_fields: ['=x', 'a b']\nhost_group: prd\nnot: {}\nhost: x\n",
       diagnostics, groups("{prod: ['p']}"));

  const std::string told = diagnostics.render();
  for (const char* expected :
       {"m.yaml:1:9: error: route 'r': 're2:(' under 'rules' is no regular expression: missing ): (",
        "m.yaml:1:18: error: route 'r' has an entry under 'rules' that is not a text",
        "m.yaml:2:11: error: route 'r' has an empty list under 'hostname'",
        "m.yaml:3:17: error: route 'r' has '=x' under 'output_fields', which tests no field",
        "m.yaml:3:23: error: route 'r' has 'a b' under 'output_fields', which tests no field",
        "m.yaml:4:13: error: route 'r' has host_group 'prd', which 'hosts' does not have", "did you mean 'prod'?",
        "error: route 'r' under 'not' has no key", "m.yaml:6:1: error: route 'r' has no option 'host'"}) {
    INFO(told);
    CHECK(told.find(expected) != std::string::npos);
  }
}

TEST_CASE("an expression that RE2 finds too large is refused, and a nasty glob ends at once") {
  CHECK_FALSE(TextPattern::parse("re2:((a{100}){100}){100}"));
  CHECK_FALSE(TextPattern::parse("glob:"));
  CHECK_FALSE(TextPattern::parse(""));
  CHECK_FALSE(glob_matches("*a*a*a*a*a*a*a*a*b", std::string(20'000, 'a')));
  CHECK(glob_matches("**", ""));
  CHECK(glob_matches("a*", "a"));
  CHECK_FALSE(glob_matches("?", ""));
}

TEST_CASE("a match block means what the plainest reading of it says, for thousands of random ones") {
  std::mt19937 random{17};
  const tests::Pick pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  unsigned matched = 0;
  for (int round = 0; round < 1'000; ++round) {
    const auto oracle = tests::OracleMatch::random(pick);
    const Matcher made = read(oracle.yaml());
    for (int i = 0; i < 20; ++i) {
      const core::Alert one = tests::oracle_alert(pick);
      INFO(oracle.yaml());
      REQUIRE(made.matches(one) == oracle.matches(one));
      REQUIRE(made.why_not(one).empty() == oracle.matches(one));
      matched += oracle.matches(one) ? 1 : 0;
    }
  }
  CHECK(matched > 2'000);
}

TEST_CASE("a block is said to cover another only when every alert of the other is its own too") {
  CHECK(surely_covers(read("priority: '>=warning'"), read("{priority: critical, rules: X}")));
  CHECK(surely_covers(read("rules: 'glob:*Shell*'"), read("rules: [A Shell, Shell B]")));
  CHECK_FALSE(surely_covers(read("rules: A"), read("rules: [A, B]")));
  CHECK_FALSE(surely_covers(read("{not: {rules: A}}"), read("rules: B")));
  std::mt19937 random{19};
  const tests::Pick pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  unsigned covered = 0;
  for (int round = 0; round < 3'000; ++round) {
    const Matcher wide = read(tests::OracleMatch::random(pick).yaml());
    const Matcher narrow = read(tests::OracleMatch::random(pick).yaml());
    if (!surely_covers(wide, narrow)) continue;
    ++covered;
    for (int i = 0; i < 30; ++i) {
      const core::Alert one = tests::oracle_alert(pick);
      if (narrow.matches(one)) REQUIRE(wide.matches(one));
    }
  }
  CHECK(covered > 100);
}
