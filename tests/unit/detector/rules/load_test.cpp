// Rule files: append, override, exceptions, selection, and what a faulty file is told.
#include "tests/support/catch.h"
#include "tests/unit/detector/rules/support.h"

#include "detector/rules/rule_compiler.h"

using namespace detector;
using namespace detector::test;

namespace {

bool fires(Scene& scene, const std::string& text) {
  Loaded loaded = load_text(text);
  INFO(render_text(loaded.files, {}));
  REQUIRE(loaded.ruleset);
  return !scene.run(*loaded.ruleset).empty();
}

std::string first_error(const std::string& text) {
  const auto result = load_text(text).files[0];
  return result.errors.empty() ? "" : result.errors[0].message;
}

}  // namespace

TEST_CASE("appending joins conditions as text, so that `or` keeps its precedence") {
  Scene scene;
  scene.open("/etc/shadow");
  const std::string rule = one_rule("evt.type = openat and proc.name = dog");
  CHECK_FALSE(fires(scene, rule));
  CHECK(fires(scene, rule + "- rule: r\n  condition: or proc.name = cat\n  override: {condition: append}\n"));
  CHECK(fires(scene, rule + "- rule: r\n  condition: or proc.name = cat\n  append: true\n"));
  CHECK(fires(scene, rule + "- rule: r\n  condition: evt.type = openat\n  override: {condition: replace}\n"));
  CHECK_FALSE(fires(scene, one_rule("evt.type = openat") + "- rule: r\n  enabled: false\n  override: {enabled: replace}\n"));
}

TEST_CASE("exceptions keep a rule silent, and lists named in them are expanded") {
  Scene scene;
  scene.open("/etc/shadow");
  const std::string rule = one_rule("evt.type = openat");
  CHECK_FALSE(fires(scene, rule + "  exceptions:\n    - name: x\n      fields: [proc.name, fd.name]\n      comps: [=, startswith]\n      values:\n        - [cat, /etc]\n"));
  CHECK(fires(scene, rule + "  exceptions:\n    - name: x\n      fields: [proc.name, fd.name]\n      values:\n        - [cat, /etc]\n"));
  CHECK_FALSE(fires(scene, rule + "  exceptions:\n    - name: x\n      fields: proc.cmdline\n      values: [\"cat -n /etc/shadow\"]\n"));
  CHECK_FALSE(fires(scene, "- list: cats\n  items: [cat, lynx]\n" + rule + "  exceptions:\n    - name: x\n      fields: [proc.name]\n      comps: [in]\n      values:\n        - [cats]\n"));
  CHECK_FALSE(fires(scene, rule + "  exceptions:\n    - name: x\n      fields: [proc.name]\n- rule: r\n  exceptions:\n    - name: x\n      values:\n        - [cat]\n  override: {exceptions: append}\n"));
}

TEST_CASE("an empty list takes a comma with it, and a list's name inside a longer word stays") {
  std::string condition = "proc.name in (a, empty, b) or proc.name = empty_not";
  CHECK(rules::substitute_list(condition, "empty", {}));
  CHECK(condition == "proc.name in (a  , b) or proc.name = empty_not");
  std::string quoted = "proc.name in (names)";
  CHECK(rules::substitute_list(quoted, "names", {"a b", "c"}));
  CHECK(quoted == "proc.name in ( \"a b\", c )");
}

TEST_CASE("faults are told in Falco's words") {
  CHECK(first_error("- rule: r\n  desc: d\n  output: o\n  priority: INFO\n") == "Item has no mapping for key 'condition'");
  CHECK(first_error("- rule: r\n  desc: d\n  condition: evt.type=open\n  output: o\n  priority: LOUD\n") == "Invalid priority");
  CHECK(first_error("- list: l\n  items: x\n") == "Value is not a sequence");
  CHECK(first_error("- macro: m\n  condition: m and evt.type=open\n") == "Undefined macro 'm' used in filter.");
  CHECK(first_error("- required_engine_version: 0.99.0\n") == "Rules require engine version 0.99.0, but engine version is 0.62.0");
  CHECK(first_error("- required_plugin_versions:\n    - {name: nosuch, version: 1.0.0}\n") == "Plugin requirement not satisfied, must load one of: nosuch (>= 1.0.0)");
  CHECK(first_error("- rule: r\n  condition: x\n  override: {condition: append}\n") ==
        "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists");
  CHECK(first_error(one_rule("evt.type=open") + "- rule: r\n  priority: INFO\n  override: {priority: append}\n") == "Key 'priority' cannot be appended to, use 'replace' instead");
  CHECK(first_error(one_rule("evt.type=open") + "- rule: r\n  condition: x\n  desc: y\n  override: {desc: append}\n") ==
        "Unexpected key 'condition': no corresponding entry under 'override' is defined.");
  CHECK(first_error("just text\n") == "Rules content is not yaml");
  CHECK(load_text("a: [\n").files[0].errors.at(0).code == "LOAD_ERR_YAML_PARSE");
}

TEST_CASE("a fault is shown with its way down through the file, the line and a caret") {
  const std::string text = "- rule: name\n  desc: d\n  condition: evt.type=open and foo.bar=x\n  output: o\n  priority: INFO\n";

  const auto loaded = load_rules({{"f.yaml", text}}, {});

  CHECK(render_text(loaded.files, {}) ==
        "f.yaml: Invalid\n"
        "1 Errors:\n"
        "In rules content: (f.yaml:0:0)\n"
        "    rule 'name': (f.yaml:0:2)\n"
        "    rule condition: (f.yaml:2:13)\n"
        "    condition expression: (\"evt.type=open and...\":3:32)\n"
        "------\n"
        "evt.type=open and foo.bar=x\n"
        "                          ^\n"      // Falco adds the file's offset to the condition's and ends up under the last character
        "------\n"
        "LOAD_ERR_COMPILE_CONDITION (Error compiling condition): filter_check called with nonexistent field foo.bar\n");
}

TEST_CASE("the verdict as JSON has Falco's keys") {
  const auto loaded = load_rules({{"f.yaml", one_rule("evt.type = open")}, {"g.yaml", "- list: l\n"}}, {});
  const std::string json = render_json(loaded.files, {});

  CHECK(json.find(R"j({"falco_load_results":[{"errors":[],"name":"f.yaml","schema_valid":"ok","schema_warnings":[],"successful":true,"warnings":[]},)j") == 0);
  CHECK(json.find(R"j({"code":"LOAD_ERR_YAML_VALIDATE","codedesc":"Error validating internal structure of YAML file","context":{"locations":[)j") != std::string::npos);
  CHECK(json.find(R"j({"item_name":"l","item_type":"list","position":{"column":2,"line":0,"name":"g.yaml","offset":2}})j") != std::string::npos);
  CHECK(json.find(R"j("message":"Item has no mapping for key 'items'")j") != std::string::npos);
}

TEST_CASE("random conditions of real fields are refused or evaluated, and bring nothing down") {
  const std::vector<std::string> lefts{"proc.name", "proc.aname", "fd.ip", "fd.net", "fd.port", "fd.types", "evt.type", "evt.rawarg.flags", "evt.buffer", "proc.duration",
    "len(fd.name)", "tolower(fd.types)", "join(\",\", (proc.name, fd.name))", "getopt(fd.types, \"a:\")", "evt.arg[7]", "fd.connected", "proc.aenv[HOME]"};
  const std::vector<std::string> operators{" = ", " != ", " < ", " contains ", " regex ", " in ", " pmatch ", " intersects ", " glob ", " startswith oneof ", " exists "};
  const std::vector<std::string> rights{"x", "5", "(a, /b)", "10.0.0.0/8", "::1", "val(proc.pname)", "len(proc.exe)", "true", "open", "(1, 2)", "", "[a", "*"};
  Scene scene;
  scene.open("/etc/shadow");
  int accepted = 0;
  for (const std::string& left : lefts) {
    for (const std::string& op : operators) {
      for (const std::string& right : rights) {
        const Loaded loaded = load_text(one_rule("not not " + left + op + right));
        CHECK((loaded.ruleset != nullptr) == loaded.files[0].errors.empty());
        if (!loaded.ruleset) continue;
        ++accepted;
        scene.run(*loaded.ruleset);
      }
    }
  }
  CHECK(accepted > 300);
}

TEST_CASE("rules are selected by name with wildcards and by tag, in the order given") {
  const std::string text = one_rule("evt.type = open") + "- rule: other\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n  tags: [net]\n";
  EngineOptions options;
  options.selections = {{false, "*", ""}, {true, "", "net"}};

  const Loaded loaded = load_text(text, options);

  CHECK_FALSE(loaded.ruleset->rules()[0].enabled);
  CHECK(loaded.ruleset->rules()[1].enabled);
}

TEST_CASE("a rule with an unknown field is left out with a warning when it asks for that") {
  const auto loaded = load_text(one_rule("evt.type = open and nosuch.field = 1") + "  skip-if-unknown-filter: true\n");
  REQUIRE(loaded.ruleset);
  CHECK(loaded.files[0].warnings.at(0).code == "LOAD_UNKNOWN_FILTER");
}
