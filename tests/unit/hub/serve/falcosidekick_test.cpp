// What we know of falcosidekick's configuration: held against our options, against docs/migrating.md, and turned into
// our files.
#include "hub/import/falcosidekick.h"
#include "hub/config/falcosidekick_file.h"
#include "hub/config/hub_config.h"
#include "hub/ingest/event_labels.h"
#include "outputs/output.h"
#include "tests/support/catch.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace hub;

namespace {

std::vector<core::OptionRow> options_of(std::string_view output) {
  if (output.empty()) return list_hub_options();
  std::vector<core::OptionRow> rows;
  core::Fields fields{rows};
  outputs::find_kind(output)->make(fields, {});
  rows.push_back({.key = "minimumpriority"});  // every sink has it
  return rows;
}

bool has(const std::vector<core::OptionRow>& rows, std::string_view key) {
  return std::any_of(rows.begin(), rows.end(), [&](const core::OptionRow& row) { return row.key == key; });
}

core::YamlNode yaml(const std::string& text) {
  core::Diagnostics diagnostics;
  auto documents = core::parse_yaml("config.yaml", text, diagnostics);
  REQUIRE(documents.size() == 1);
  return documents.front();
}

bool says(const Imported& made, std::string_view words) {
  return std::any_of(made.notes.begin(), made.notes.end(),
                     [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

}  // namespace

TEST_CASE("every key of falcosidekick's is an option here, or is said to have no effect") {
  for (const FalcosidekickKey& key : falcosidekick_keys()) {
    INFO(key.output << "." << key.key);
    CHECK(has(options_of(key.output), key.key) == key.without_effect.empty());
  }
}

TEST_CASE("docs/migrating.md has a row for every key and variable of falcosidekick's, and says what becomes of it") {
  std::ifstream file{TOCSIN_MIGRATING};
  std::ostringstream text;
  text << file.rdbuf();
  REQUIRE(text.str().size() > 1000);
  for (const FalcosidekickKey& key : falcosidekick_keys()) {
    const std::string name = key.output.empty() ? std::string{key.key} : fmt::format("{}.{}", key.output, key.key);
    const std::string row = fmt::format("| `{}` | `{}` | {} |", name, key.variable(),
                                        key.without_effect.empty() ? "accepted" : "no effect");
    INFO(row);
    CHECK(text.str().find("\n" + row) != std::string::npos);
    CHECK(text.str().find(key.without_effect) != std::string::npos);
  }
  for (const FalcosidekickOutput& output : falcosidekick_outputs()) {
    INFO(output.name);
    CHECK(text.str().find(fmt::format("`{}`", output.name)) != std::string::npos);
  }
}

TEST_CASE("labels that cannot be ones, or are there already, are left out") {
  MutationOptions options;
  options.customfields = {{"env", "prod"}, {"hostname", "x"}};
  const EventLabels labels{options, {"proc.aname[2]", "fd.name", "fd_name", "a:b", "1st", "__name__"}};

  CHECK(labels.names() == std::vector<std::string>{"env", "fd_name"});
  CHECK(labels.left_out() == std::vector<std::string>{"proc.aname[2]", "a:b", "1st", "__name__"});
}

TEST_CASE("labels of the configuration are counted and shown, bounded as the others are") {
  Metrics metrics;
  MutationOptions options;
  options.customfields = {{"env", "prod"}};
  const EventLabels labels{options, {}};
  metrics.extend(Metric::FalcosidekickFalcoEvents, labels.names());
  core::Alert alert;
  alert.rule = "R";
  alert.source = "s";
  alert.fields = {{"env", core::AlertField::Kind::Text, {}, "prod"}};

  Metrics::add(labels.series(metrics, alert));
  for (int i = 0; i < 12'000; ++i) {
    alert.rule = "R" + std::to_string(i);
    Metrics::add(labels.series(metrics, alert));
  }

  const std::string text = metrics.render();
  CHECK(
      text.find(
          R"(falco_events_total{hostname="unknown",rule="R",priority="1",priority_raw="debug",source="s",k8s_ns_name="",k8s_pod_name="",env="prod"} 1)") !=
      std::string::npos);
  CHECK(text.find("k8s_pod_name=\"(other)\",env=\"(other)\"} 2001") != std::string::npos);
}

TEST_CASE("a file is falcosidekick's when an output stands at its top, and then minds no case") {
  CHECK(is_falcosidekick_file(yaml("Slack: {}")));
  CHECK_FALSE(is_falcosidekick_file(yaml("listenport: 1\ncustomfields: {slack: x}")));

  const auto root = with_falcosidekick_case(yaml("Slack: {WebhookURL: x}\nCustomFields: {Key: v}"));
  CHECK(root.find("slack")->find("webhookurl")->scalar == "x");
  CHECK(root.find("customfields")->find("Key")->scalar == "v");
}

TEST_CASE("outputs in use that we lack are warned of once each, and misspelt variables get a hint") {
  core::Diagnostics diagnostics;
  read_hub_config(
      "config.yaml",
      "slack: {webhookurl: 'http://h/canary'}\nsmtp: {hostport: 'h:25', password: canary}\nteams: {webhookurl: ''}\n",
      {{"AWS_S3_BUCKET", "b"},
       {"KAFKA_SERVICE_HOST", "10.0.0.1"},
       {"ELASTICSEARCH_PORT", "tcp://1"},
       {"SLACK_WEBHOKURL", "canary"},
       {"KAFKA_ASYNC", "true"},
       {"POLICYREPORT_ENABLED", "false"}},
      diagnostics);
  const std::string text = diagnostics.render();
  INFO(text);
  CHECK_FALSE(diagnostics.has_errors());
  CHECK(diagnostics.warnings() == 4);
  CHECK(text.find("config.yaml:2:1: warning: 'smtp' is an output of falcosidekick") != std::string::npos);
  CHECK(text.find("configure 'aws'") != std::string::npos);
  CHECK(text.find("did you mean SLACK_WEBHOOKURL?") != std::string::npos);
  CHECK(text.find("variable KAFKA_ASYNC has no effect") != std::string::npos);
  CHECK(text.find("canary") == std::string::npos);
}

TEST_CASE("import writes what is set, in our files' words, and refers to secrets") {
  const Imported made =
      import_falcosidekick(yaml("listenport: 2900\ncustomfields: {a: 'x${y}', b: '%HOME'}\ncustomtags: [t, "
                                "'']\ntlsserver: {notlspaths: [/ping]}\n"
                                "slack: {webhookurl: 'http://h/canary', minimumpriority: info, footer: ''}\n"
                                "webhook: {address: 'http://h/', customHeaders: {X-Key: canary}}\n"
                                "kafka: {hostport: h, topic: ''}\n"),
                           {{"SLACK_CHANNEL", "#a"}, {"CUSTOMFIELDS", "a:z,c:d"}}, {});

  CHECK(made.hub_yaml ==
        "# tocsin-hub, from a falcosidekick configuration.\nlistenaddress: \"0.0.0.0\"\nlistenport: 2900\n"
        "customfields: {\"b\": \"%HOME\", \"a\": \"z\", \"c\": \"d\"}\ncustomtags: [\"t\"]\ntlsserver:\n  "
        "notlspaths: "
        "[\"/ping\"]\n");
  CHECK(made.outputs_yaml ==
        "# Where alerts go, from a falcosidekick configuration.\noutputs:\n  slack:\n    webhookurl: "
        "\"${env:SLACK_WEBHOOKURL}\"\n    channel: \"#a\"\n    minimumpriority: \"info\"\n  webhook:\n    address: "
        "\"${env:WEBHOOK_ADDRESS}\"\n    customheaders: {\"X-Key\": \"${env:WEBHOOK_CUSTOMHEADERS_X_KEY}\"}\n");
  REQUIRE(made.secrets.size() == 3);
  CHECK(made.secrets.front().from == "config.yaml:5:21");
}

TEST_CASE("import names what it leaves out, and nothing of a secret") {
  const Imported made =
      import_falcosidekick(yaml("elasticsearch: {hostport: 'http://user:canary@h:9200', type: _doc, minimumpriority: "
                                "canary-free, shards: 3}\n"
                                "teams: {webhookurl: canary}\nlisenport: 1\ntlsserver: {deply: true}\n"),
                           {}, {.secrets_folder = "/etc/tocsin/secrets"});

  CHECK(says(made, "elasticsearch.type is left out"));
  CHECK(says(made, "elasticsearch.minimumpriority is left out"));
  CHECK(says(made, "elasticsearch.shards (config.yaml:1:98) is left out: falcosidekick has no such key"));
  CHECK(says(made, "teams is left out"));
  CHECK(says(made, "lisenport (config.yaml:3:1) is left out: falcosidekick has no such key; did you mean listenport?"));
  CHECK(says(made, "tlsserver.deply"));
  CHECK(made.outputs_yaml.find("hostport: \"${file:/etc/tocsin/secrets/ELASTICSEARCH_HOSTPORT}\"") !=
        std::string::npos);
  for (const std::string& note : made.notes) CHECK(note.find(":canary@") == std::string::npos);
  CHECK((made.hub_yaml + made.outputs_yaml).find("canary@") == std::string::npos);
}
