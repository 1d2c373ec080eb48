// Alerts to the letter: text, JSON, missing values, one line whatever a file is called.
#include "tests/support/catch.h"
#include "tests/unit/detector/rules/support.h"

#include <nlohmann/json.hpp>

using namespace detector;
using namespace detector::test;

namespace {

Match alert(Scene& scene, const std::string& output, EngineOptions options = {}) {
  options.hostname = "test-host";
  Loaded loaded = load_text(one_rule("evt.num exists", output), options);
  INFO(render_text(loaded.files, {}));
  REQUIRE(loaded.ruleset);
  auto matches = scene.run(*loaded.ruleset);
  REQUIRE(matches.size() == 1);
  matches[0].rule = nullptr;          // it goes with the ruleset
  return std::move(matches[0]);
}

}  // namespace

TEST_CASE("the JSON alert has Falco's keys in Falco's order and form") {
  Scene scene;
  scene.open("/etc/shadow");
  EngineOptions options;
  options.time_iso_8601 = true;
  options.suggested_output = false;

  const Match match = alert(scene, "An open was seen (command=%proc.cmdline)", options);

  CHECK(match.json ==
        R"j({"hostname":"test-host","output":"2016-08-04T16:17:57.881781397+0000: Warning An open was seen (command=cat -n /etc/shadow)",)j"
        R"j("output_fields":{"evt.time.iso8601":1470327477881781397,"proc.cmdline":"cat -n /etc/shadow"},"priority":"Warning","rule":"r",)j"
        R"j("source":"syscall","tags":["ant","zebra"],"time":"2016-08-04T16:17:57.881781397Z"})j");
  CHECK(match.text == "2016-08-04T16:17:57.881781397+0000: Warning An open was seen (command=cat -n /etc/shadow)");
}

TEST_CASE("output fields keep their types, and what is missing is null there and <NA> in the text") {
  Scene scene;
  scene.call("execve");

  const Match match = alert(scene, "%proc.pid %user.uid %evt.failed %fd.name %proc.aname[2] %evt.time");
  const auto fields = nlohmann::json::parse(match.json).at("output_fields");

  CHECK(fields.at("proc.pid") == 100);
  CHECK(fields.at("user.uid") == 0);
  CHECK(fields.at("evt.failed") == false);
  CHECK(fields.at("fd.name").is_null());
  CHECK(fields.at("proc.aname[2]") == "systemd");
  CHECK(fields.at("evt.time") == 1470327477881781397);
  CHECK(fields.at("container.id") == "host");
  CHECK(fields.at("container.image.repository") == "");
  CHECK(fields.at("k8s.ns.name").is_null());
  CHECK(match.text.find("100 0 false <NA> systemd ") != std::string::npos);
  CHECK(match.text.find("container_id=host container_name=host container_image_repository= container_image_tag= k8s_pod_name=<NA> k8s_ns_name=<NA>") !=
        std::string::npos);
}

TEST_CASE("a hostile file name cannot make a second line or break the JSON") {
  Scene scene;
  scene.open("/tmp/a\n\"b\\\x1b[2J\xff");

  const Match match = alert(scene, "file=%fd.name");

  CHECK(match.text.find('\n') == std::string::npos);
  CHECK(match.text.find("file=/tmp/a\\n\\\"b\\\\\\u001b[2J\xEF\xBF\xBD") != std::string::npos);
  CHECK(nlohmann::json::parse(match.json).at("output_fields").at("fd.name") == "/tmp/a\n\"b\\\x1b[2J\xEF\xBF\xBD");
}

TEST_CASE("formats take the longest field, pad to a width, and apply transformers") {
  Scene scene;
  scene.open("/etc/shadow");
  EngineOptions options;
  options.suggested_output = false;

  const std::string text = alert(scene, "*[%proc.name-x] (%fd.name) %6proc.name| %2proc.name| %toupper(proc.name) %evt.arg.flags.", options).text;

  CHECK(text.find("[cat-x] (/etc/shadow) cat   | ca| CAT O_RDONLY|O_CLOEXEC.") != std::string::npos);
  CHECK_FALSE(load_text(one_rule("evt.num exists", "ends with %")).files[0].successful);
  CHECK_FALSE(load_text(one_rule("evt.num exists", "%fd.ip")).files[0].successful);
}

TEST_CASE("with rule_matching first one rule fires for an event, with all every one that holds") {
  Scene scene;
  scene.open("/etc/shadow");
  const std::string text = one_rule("evt.type = openat") + "- rule: s\n  desc: d\n  condition: evt.type = openat\n  output: o\n  priority: INFO\n";
  EngineOptions all;
  all.match_all = true;

  CHECK(scene.run(*load_text(text).ruleset).size() == 1);
  CHECK(scene.run(*load_text(text, all).ruleset).size() == 2);
}
