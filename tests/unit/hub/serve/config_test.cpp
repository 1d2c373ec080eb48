// hub.yaml, and falcosidekick's variables over it.
#include "hub/config/hub_config.h"
#include "tests/support/catch.h"

using namespace hub;

namespace {

HubConfig read(const std::string& text, const Environment& environment, core::Diagnostics& diagnostics) {
  return read_hub_config("hub.yaml", text, environment, diagnostics);
}

}  // namespace

TEST_CASE("without a file the hub listens on this machine alone, on falcosidekick's port") {
  core::Diagnostics diagnostics;

  const HubConfig config =
      read("", {{"LISTENADDRESS", ""}, {"STATE_DIRECTORY", ""}, {"HOME", "/home/me"}}, diagnostics);

  CHECK(diagnostics.all().empty());
  CHECK(config.listenaddress == "127.0.0.1");
  CHECK(config.listenport == 2801);
  CHECK_FALSE(config.state_directory.empty());
}

TEST_CASE("falcosidekick's variables win over the file, and the file over the defaults") {
  core::Diagnostics diagnostics;

  const HubConfig config = read(
      "listenport: 2900\nlistenaddress: 127.0.0.2\nstate_directory: /a\njournal: {retain: 1h, max_bytes: 1GiB}\nlog: "
      "{level: error}\n",
      {{"LISTENADDRESS", "0.0.0.0"}, {"STATE_DIRECTORY", "/b"}, {"DEBUG", "true"}}, diagnostics);

  CHECK(diagnostics.render() == "");
  CHECK(config.listenaddress == "0.0.0.0");
  CHECK(config.listenport == 2900);
  CHECK(config.state_directory == "/b");
  CHECK(config.journal_retain == std::chrono::hours{1});
  CHECK(config.journal_max_bytes.count == 1ULL << 30);
  CHECK(config.level() == core::LogLevel::Debug);
}

TEST_CASE("all faults of hub.yaml are told at once, with their places") {
  core::Diagnostics diagnostics;

  read("listenport: 70000\nlistenadress: 127.0.0.1\njournal:\n  retain: soon\nlog: {level: loud}\n", {}, diagnostics);

  CHECK(diagnostics.errors() == 4);
  const std::string text = diagnostics.render();
  CHECK(text.find("hub.yaml:1:13: error: ") != std::string::npos);
  CHECK(text.find("hub.yaml:2:1: error: hub.yaml has no option 'listenadress'") != std::string::npos);
  CHECK(text.find("did you mean 'listenaddress'?") != std::string::npos);
  CHECK(text.find("hub.yaml:4:11: error: ") != std::string::npos);
  CHECK(text.find("hub.yaml:5:14: error: ") != std::string::npos);
}

TEST_CASE("an address that is none is refused") {
  core::Diagnostics diagnostics;

  read("listenaddress: localhost:80\n", {}, diagnostics);

  CHECK(diagnostics.render().find("hub.yaml:1:16: error: listenaddress 'localhost:80' is not an IP address") !=
        std::string::npos);
}

TEST_CASE("what falcosidekick adds to alerts is read from the file, and its variables add to that") {
  core::Diagnostics diagnostics;

  const HubConfig config = read(
      "customfields: {env: prod, k8s.cluster: '%CLUSTER'}\ncustomtags: [a, '']\nbracketreplacer: _\n"
      "templatedfields: {team: '{{ or (index . \"k8s.ns.labels.team\") \"none\" }}'}\n",
      {{"CLUSTER", "eu-1"},
       {"CUSTOMFIELDS", "env:test,url:http://h:1/, gone:%NOT_SET"},
       {"CUSTOMTAGS", ""},
       {"TEMPLATEDFIELDS", "both:{{ printf \"%s,%s\" .a .b }},user:{{ .name }}"},
       {"OUTPUTFIELDFORMAT", "<output>"},
       {"TLSSERVER_NOTLSPATHS", "/healthz,/metrics"},
       {"PROMETHEUS_EXTRALABELS", "proc.name,fd.name"}},
      diagnostics);

  CHECK_FALSE(diagnostics.has_errors());
  CHECK(diagnostics.render().find("'gone' is the variable NOT_SET, which is not set") != std::string::npos);
  const MutationOptions& made = config.mutations;
  CHECK(made.customfields == std::map<std::string, std::string>{
                                 {"env", "test"}, {"k8s.cluster", "eu-1"}, {"url", "http://h:1/"}, {"gone", ""}});
  CHECK(made.customtags == std::vector<std::string>{"a"});
  CHECK(made.bracketreplacer == "_");
  CHECK(made.outputfieldformat == "<output>");
  CHECK(made.templatedfields.size() == 3);
  CHECK(made.templatedfields.at("both").text() == "{{ printf \"%s,%s\" .a .b }}");
  CHECK(config.tlsserver.notlspaths == std::vector<std::string>{"/healthz", "/metrics"});
  CHECK(config.tlsserver.notlsport == 2810);
  CHECK(config.extralabels == std::vector<std::string>{"proc.name", "fd.name"});
}

TEST_CASE("a template that is not understood is told where it stands") {
  core::Diagnostics diagnostics;

  read(
      "templatedfields:\n  a: '{{ index . \"x\" }}{{ .Rule }}'\n  b: \"{{ len \\\"x\\\" }}\"\n  c: |\n    one\n    {{ "
      "if }}\n  d: {{ .x }}\n",
      {{"TEMPLATEDFIELDS", "e:{{ end }}"}}, diagnostics);

  const std::string text = diagnostics.render();
  INFO(text);
  CHECK(text.find("hub.yaml:7:6: error: hub.yaml: 'templatedfields': 'd' is a map") != std::string::npos);
  diagnostics = {};
  read(
      "templatedfields:\n  a: '{{ index . \"x\" }}{{ .Rule }}'\n  b: \"{{ len \\\"x\\\" }}\"\n  c: |\n    one\n    {{ "
      "if }}\n",
      {{"TEMPLATEDFIELDS", "e:{{ end }}"}}, diagnostics);
  const std::string all = diagnostics.render();
  INFO(all);
  CHECK(all.find("hub.yaml:2:27: error: hub.yaml: 'templatedfields': 'a': '.Rule' is not there") != std::string::npos);
  CHECK(all.find("hub.yaml:3:10: error: hub.yaml: 'templatedfields': 'b': 'len' is Go's") != std::string::npos);
  CHECK(all.find("hub.yaml:6:11: error: hub.yaml: 'templatedfields': 'c': a value is missing here") !=
        std::string::npos);
  CHECK(all.find("variable TEMPLATEDFIELDS, 'e', character 1: ") != std::string::npos);
}

TEST_CASE("every option of hub.yaml is listed with its type, its default and its meaning") {
  const auto rows = list_hub_options();

  CHECK(rows.size() >= 15);
  for (const auto& row : rows) {
    INFO(row.key);
    CHECK_FALSE(row.type.empty());
    CHECK_FALSE(row.help.empty());
  }
}
