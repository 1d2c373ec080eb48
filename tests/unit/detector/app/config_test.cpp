// What the detector makes of its configuration, and what it says to the person who wrote it.
#include "detector/config/config.h"
#include "tests/support/catch.h"
#include "tests/unit/detector/app/folder.h"

#include <cstdlib>

using namespace detector;

namespace {

Config load(const std::string& file, std::vector<std::string> overrides, core::Diagnostics& diagnostics) {
  return load_config({file, std::move(overrides)}, diagnostics);
}

Config load_well(const std::string& file, std::vector<std::string> overrides = {}) {
  core::Diagnostics diagnostics;
  Config config = load(file, std::move(overrides), diagnostics);
  INFO(diagnostics.render());
  CHECK(diagnostics.all().empty());
  return config;
}

std::string without(std::string text, const std::string& what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what)) text.erase(at, what.size());
  return text;
}

}  // namespace

TEST_CASE("the shipped detector.yaml is accepted without a word and says the defaults") {
  const Config config = load_well(TOCSIN_SOURCE_DIR "/config/detector.yaml");

  CHECK(config.rules.json_output);
  CHECK(config.buffer.count == 8 << 20);
  CHECK(config.rules_files == std::vector<std::string>{"builtin", "/etc/tocsin/rules.d"});
  CHECK(config.stdout_enabled);
  CHECK_FALSE(config.http.enabled);
  CHECK(config.drops.actions == std::vector<std::string>{"log", "alert"});
}

TEST_CASE("a file without a key leaves every default in force") {
  const Folder folder;
  const Config config = load_well(folder.write("detector.yaml", ""));

  CHECK(config.rules_files == std::vector<std::string>{"builtin"});
  CHECK(config.rules.json_output);
  CHECK(config.rules.suggested_output);
}

TEST_CASE("a falco.yaml has Falco's defaults") {
  const Folder folder;
  const Config config = load_well(folder.write("falco.yaml", "priority: notice\n"));

  CHECK_FALSE(config.rules.json_output);
  CHECK(config.syslog.enabled);
  CHECK(config.rules.priority == core::Priority::Notice);
}

TEST_CASE("-o sets keys in maps, lists and whole groups, and wins over the file") {
  const Folder folder;
  const auto file = folder.write("detector.yaml", "rules_files: [a.yaml, b.yaml]\nhttp_output:\n  enabled: false\n");

  const Config config = load_well(file, {"http_output.enabled=true", "http_output.url=http://h:1/?a=b=c", "rules_files[1]=c.yaml", "rules_files[]=d.yaml",
                                         "rules[].disable.rule=*", "rules[].enable.tag=network", "file_output={enabled: true, filename: /x}",
                                         "append_output[]={extra_output: \"on %evt.hostname\"}"});

  CHECK(config.http.enabled);
  CHECK(config.http.url.reveal() == "http://h:1/?a=b=c");
  CHECK(config.rules_files == std::vector<std::string>{"a.yaml", "c.yaml", "d.yaml"});
  REQUIRE(config.rules.selections.size() == 2);
  CHECK_FALSE(config.rules.selections[0].enable);
  CHECK(config.rules.selections[0].rule == "*");
  CHECK(config.rules.selections[1].tag == "network");
  CHECK(config.file.filename == "/x");
  CHECK(config.rules.append_output == std::vector<std::string>{"on %evt.hostname"});
  CHECK_FALSE(config.rules.suggested_output);
}

TEST_CASE("variables are expanded as Falco does, and a doubled dollar keeps the text") {
  const Folder folder;
  ::setenv("TOCSIN_TEST_NAME", "of ${file:/etc/hostname}", 1);
  ::unsetenv("TOCSIN_TEST_UNSET");
  const auto file = folder.write("detector.yaml",
                                 "file_output:\n  filename: \"/var/${TOCSIN_TEST_NAME}/${TOCSIN_TEST_UNSET}x\"\nsyslog_output:\n  socket: $${TOCSIN_TEST_NAME}\n");

  const Config config = load_well(file);

  CHECK(config.file.filename == "/var/of ${file:/etc/hostname}/x");
  CHECK(config.syslog.socket == "${TOCSIN_TEST_NAME}");
}

TEST_CASE("config_files are merged by their strategy, folders by name") {
  const Folder folder;
  std::filesystem::create_directory(folder.file("d"));
  folder.write("d/20.yaml", "rules_files: [c]\npriority: error\n");
  folder.write("d/10.yaml", "rules_files: [b]\npriority: debug\nhttp_output: {url: \"http://b\"}\n");
  folder.write("d/ignored.txt", "][");
  folder.write("only.yaml", "priority: alert\nlog_level: debug\n");
  folder.write("replace.yaml", "rules_files: [z]\n");
  const auto main = [&](const std::string& more) {
    return folder.write("detector.yaml", "config_files: [" + folder.file("d") + more + "]\nrules_files: [a]\nhttp_output: {url: \"http://a\", keep_alive: false}\n");
  };

  const Config appended = load_well(main(""));
  const Config others = load_well(main(", {path: " + folder.file("only.yaml") + ", strategy: add-only}, {path: " + folder.file("replace.yaml") + ", strategy: override}"));

  CHECK(appended.rules_files == std::vector<std::string>{"a", "b", "c"});
  CHECK(appended.rules.priority == core::Priority::Error);
  CHECK(appended.http.url.reveal() == "http://b");
  CHECK(appended.http.keep_alive);   // the group was replaced as a whole, as Falco does
  CHECK(others.rules.priority == core::Priority::Error);
  CHECK(others.log_level == core::LogLevel::Debug);
  CHECK(others.rules_files == std::vector<std::string>{"z"});
}

TEST_CASE("every fault of a configuration is told at once, with its place and what to do") {
  const Folder folder;
  const auto file = folder.write("detector.yaml",
                                 "json_outptu: true\n"
                                 "priority: medium\n"
                                 "http_output:\n"
                                 "  enabled: yes please\n"
                                 "watch_config_files: true\n"
                                 "rules:\n"
                                 "  - disabel: {rule: x}\n");

  core::Diagnostics diagnostics;
  load(file, {"http_output.ulr=x", "rules_files[7]=x"}, diagnostics);

  CHECK(diagnostics.errors() == 6);
  CHECK(diagnostics.warnings() == 1);
  const std::string said = without(diagnostics.render(), folder.path() + "/");
  for (const std::string part : {
         "-o rules_files[7]:1:1: error: 'rules_files[7]' names an item beyond the end of the list\n    1 | rules_files[7]=x\n",
         "detector.yaml:1:1: error: the configuration has no option 'json_outptu'\n    1 | json_outptu: <redacted>\n      | ^~~~~~~~~~~\n  hint: did you mean 'json_output'?",
         "detector.yaml:2:11: error: the configuration has priority 'medium', which is not a priority\n    2 | priority: medium\n",
         "detector.yaml:4:12: error: the configuration: 'http_output' has enabled 'yes please', which is not true or false\n",
         "-o http_output.ulr:1:1: error: the configuration: 'http_output' has no option 'ulr'\n    1 | http_output.ulr=<redacted>\n",
         "hint: did you mean 'url'?",
         "detector.yaml:5:21: warning: the configuration: 'watch_config_files' has no effect: send SIGHUP to load the rules again\n",
         "detector.yaml:7:5: error: an entry of 'rules' has 'disabel', which is neither enable nor disable\n",
       }) {
    INFO(said);
    CHECK_THAT(said, Catch::Contains(part));
  }
}

TEST_CASE("an unknown key of a falco.yaml is a warning, since there may be a newer Falco than we know") {
  const Folder folder;
  core::Diagnostics diagnostics;
  load(folder.write("falco.yaml", "brand_new: true\n"), {}, diagnostics);

  CHECK_FALSE(diagnostics.has_errors());
  CHECK(diagnostics.warnings() == 1);
}

TEST_CASE("rule files come in the order given, folders by name, and builtin from the program") {
  const Folder folder;
  std::filesystem::create_directory(folder.file("rules.d"));
  folder.write("rules.d/b.yml", "B");
  folder.write("rules.d/a.yaml", "A");
  folder.write("rules.d/c.txt", "C");
  folder.write("first.yaml", "F");

  core::Diagnostics diagnostics;
  const auto files = read_rule_files({folder.file("first.yaml"), folder.file("rules.d"), "builtin", folder.file("absent.yaml"), folder.file("absent.d")}, Absent::Skip, diagnostics);
  core::Diagnostics strict;
  read_rule_files({folder.file("absent.yaml")}, Absent::Refuse, strict);

  REQUIRE(files.size() == 4);
  CHECK(files[0].text == "F");
  CHECK(files[1].text == "A");
  CHECK(files[2].text == "B");
  CHECK(files[3].name == "builtin");
  CHECK(diagnostics.warnings() == 1);
  CHECK(strict.errors() == 1);
}

TEST_CASE("the option table lists every key with a default and a help") {
  const auto rows = config_options();

  CHECK(rows.size() > 50);
  for (const auto& row : rows) {
    INFO(row.key);
    CHECK_FALSE(row.help.empty());
  }
}
