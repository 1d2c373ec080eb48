// Configuration: every fault at once, with its place, in the words of the file.
#include "core/fields.h"
#include "core/references.h"
#include "tests/support/catch.h"

#include <cstdlib>

using namespace core;
using namespace std::chrono_literals;

namespace {

struct Options {
  std::string name;
  Secret token;
  Duration wait = 5s;
  unsigned count = 3;
  Priority floor = Priority::Debug;
  std::string format = "raw";
  std::vector<std::string> tags;
  std::map<std::string, std::string> headers;
  Bytes batch_bytes{1024};

  void describe(Fields& f) {
    f.required("name", name, "its name");
    f.optional("token", token, "a secret");
    f.optional("wait", wait, "how long");
    f.optional("count", count, "how many");
    f.optional("minimumpriority", floor, "the least priority");
    f.choice("format", format, {"raw", "array"}, "the form");
    f.optional("tags", tags, "tags");
    f.optional("headers", headers, "headers");
    f.group("batch", "batching", [this](Fields& b) { b.optional("max_bytes", batch_bytes, "size"); });
  }
};

std::string read(const std::string& text, Options& options, std::map<std::string, std::string> overrides = {}) {
  Diagnostics diagnostics;
  const auto documents = parse_yaml("c.yaml", text, diagnostics);
  const YamlNode nothing;
  Fields fields{documents.empty() ? nothing : documents.front(), "output 'x'", diagnostics, std::move(overrides)};
  options.describe(fields);
  fields.finish();
  return diagnostics.render();
}

}  // namespace

TEST_CASE("options are filled from the file, and the environment wins over it") {
  ::setenv("TOCSIN_TEST_TOKEN", "s3cret", 1);
  Options options;
  const auto faults = read(
      "name: n\ntoken: ${env:TOCSIN_TEST_TOKEN}\nwait: 1m\ncount: 7\nminimumpriority: info\nformat: ARRAY\ntags: [a, "
      "b]\nheaders: {A: 1}\nbatch: {max_bytes: 1MiB}\n",
      options, {{"count", "9"}, {"format", ""}, {"batch.max_bytes", "2MiB"}});

  CHECK(faults == "");
  CHECK(options.name == "n");
  CHECK(options.token.reveal() == "s3cret");
  CHECK(options.wait == 1min);
  CHECK(options.count == 9);
  CHECK(options.floor == Priority::Informational);
  CHECK(options.format == "array");
  CHECK(options.tags == std::vector<std::string>{"a", "b"});
  CHECK(options.headers.at("A") == "1");
  CHECK(options.batch_bytes.count == 2u << 20);
}

TEST_CASE("all faults of a file are told at once, with line, caret and hint") {
  Options options;
  const auto faults =
      read("wiat: 5s\ncount: many\nminimumpriority: medium\nbatch:\n  max_bytes: lots\n  max_itmes: 4\nformat: xml\n",
           options);

  CHECK(
      faults ==
      "c.yaml:1:1: error: output 'x' lacks 'name'\n"
      "    1 | wiat: <redacted>\n"
      "      | ^\n"
      "  hint: add name: …\n"
      "c.yaml:2:8: error: output 'x' has count 'many', which is not a whole number of at least 0\n"
      "    2 | count: many\n"
      "      |        ^~~~\n"
      "c.yaml:3:18: error: output 'x' has minimumpriority 'medium', which is not a priority\n"
      "    3 | minimumpriority: medium\n"
      "      |                  ^~~~~~\n"
      "  hint: one of emergency, alert, critical, error, warning, notice, informational, debug\n"
      "c.yaml:7:9: error: output 'x' has format 'xml', which is not one of its words\n"
      "    7 | format: xml\n"
      "      |         ^~~\n"
      "  hint: one of raw, array\n"
      "c.yaml:5:14: error: output 'x': 'batch' has max_bytes 'lots', which is not a size\n"
      "    5 |   max_bytes: lots\n"
      "      |              ^~~~\n"
      "  hint: write 65536, 64KiB or 2GiB\n"
      "c.yaml:6:3: error: output 'x': 'batch' has no option 'max_itmes'\n"
      "    6 |   max_itmes: <redacted>\n"
      "      |   ^~~~~~~~~\n"
      "  hint: did you mean 'max_bytes'?\n"
      "c.yaml:1:1: error: output 'x' has no option 'wiat'\n"
      "    1 | wiat: <redacted>\n"
      "      | ^~~~\n"
      "  hint: did you mean 'wait'? it also has: name, token, count, minimumpriority, format, tags, headers, batch\n");
}

TEST_CASE("the docs are listed by the lines that read") {
  std::vector<OptionRow> rows;
  Fields fields{rows};
  Options options;
  options.describe(fields);

  REQUIRE(rows.size() == 9);
  CHECK(rows[0].key == "name");
  CHECK(rows[0].required);
  CHECK(rows[2].default_text == "5s");
  CHECK(rows[8].key == "batch.max_bytes");
}

TEST_CASE("duplicate keys and broken YAML are faults with their place") {
  Diagnostics diagnostics;
  parse_yaml("a.yaml", "a: 1\nb: {c: 1, c: 2}\n", diagnostics);
  parse_yaml("b.yaml", "a: [1\n", diagnostics);
  REQUIRE(diagnostics.errors() == 2);
  CHECK(diagnostics.all()[0].what == "key 'c' stands twice");
  CHECK(diagnostics.all()[0].place.line == 2);
  CHECK(diagnostics.all()[0].place.column == 11);
  CHECK(diagnostics.all()[1].what.find("not YAML") == 0);
  CHECK(diagnostics.summary() == "2 errors; nothing was started.");
}

TEST_CASE("a YAML bomb ends as a fault, not as a full memory") {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'j'; ++c)
    bomb += std::string{c} + ": &" + c + " [" + [&] {
      std::string s;
      for (int i = 0; i < 10; ++i) s += std::string{i ? ",*" : "*"} + static_cast<char>(c - 1);
      return s;
    }() + "]\n";
  Diagnostics diagnostics;
  parse_yaml("bomb.yaml", bomb, diagnostics);
  CHECK(diagnostics.has_errors());
  parse_yaml("deep.yaml", std::string(5000, '['), diagnostics);
  CHECK(diagnostics.errors() >= 2);
}

TEST_CASE("a secret is not shown with the fault of its line, however it got there") {
  const auto faults_of = [](const std::string& text) {
    Options options;
    return read(text, options);
  };

  CHECK(faults_of("name: n\ntokn: hunter2\n") ==
        "c.yaml:2:1: error: output 'x' has no option 'tokn'\n"
        "    2 | tokn: <redacted>\n"
        "      | ^~~~\n"
        "  hint: did you mean 'token'? it also has: name, wait, count, minimumpriority, format, tags, headers, batch\n");
  CHECK(faults_of("name: n\ntoken: [hunter2]\n") ==
        "c.yaml:2:8: error: output 'x': 'token' is a list, not a text\n"
        "    2 | token: [<redacted>\n"
        "      |        ^\n");
  for (const char* text : {
           "{name: n, token: hunter2, wait: soon}",           // in one line with another's fault
           "{name: n, wiat: 1, token: 'hunter2'}",            //
           "name: n\ntoken: hunter2\ntoken: x",               // twice
           "name: n\ntoken: a\ntoken: hunter2\ntoken: b",     //
           "name: n\ntoken: \"hunter2",                       // not YAML
           "name: n\ntoken: \"hunter2\" x: y",               //
           "name: n\ntoken: hunter2: 1",                      //
           "{\"token\":\"hunter2\",\"name\": [",             //
           "name: n\nheaders: {Authorization: hunter2}\nheaders: {A: [hunter2]}",
           "name: n\nwait: https://u:hunter2@host/",          // an address where none belongs
           "name: n\ntags: [{a: b}, 'https://u:hunter2@host/']",
           "name: n\ntoken: ${env:TOCSIN_TEST_NO_SUCH}hunter2",
           "name: n\nbatch: {max_bites: hunter2}",
           "hunter2",
       }) {
    INFO(text);
    const auto faults = faults_of(text);
    CHECK(faults != "");
    CHECK(faults.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("a reference is shown where a secret would not be, and a caret stays in its line") {
  Options options;
  Diagnostics diagnostics;
  diagnostics.add_source("c.yaml", "token: hunter2");
  diagnostics.error({"c.yaml", 1, 8, 7}, "is wrong");
  diagnostics.conceal({"c.yaml", 1, 8});

  CHECK(diagnostics.render() ==
        "c.yaml:1:8: error: is wrong\n"
        "    1 | token: <redacted>\n"
        "      |        ^~~~~~~~~~\n");
  CHECK(read("name: n\ntokn: ${env:HOME}\n", options).find("tokn: ${env:HOME}") != std::string::npos);
}

TEST_CASE("a whole number out of its bounds is told which they are") {
  Options options;

  CHECK(read("name: n\ncount: 5000000000\n", options).find("'5000000000', which is not a whole number from 0 to "
                                                            "4294967295") != std::string::npos);
}

TEST_CASE("references never show what they stand for") {
  ::unsetenv("TOCSIN_TEST_NONE");
  CHECK(resolve_references("${env:TOCSIN_TEST_NONE}").error().what ==
        "environment variable 'TOCSIN_TEST_NONE' is not set");
  CHECK(resolve_references("${file:/nonexistent/x}").error().what == "file '/nonexistent/x' cannot be read");
  CHECK(*resolve_references("a $${b} c") == "a ${b} c");
  CHECK_FALSE(resolve_references("${env:X"));
  ::setenv("TOCSIN_TEST_COUNT", "s3cret", 1);
  Options options;
  CHECK(read("name: n\ncount: ${env:TOCSIN_TEST_COUNT}\n", options).find("s3cret") == std::string::npos);
}
