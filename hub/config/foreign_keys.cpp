#include "hub/config/foreign_keys.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace hub {
namespace {

struct Foreign {
  std::string_view key, why;
};

// What falcosidekick has at the top of its file beside its outputs, and we do not.
constexpr Foreign kKeys[] = {
    {"customseveritymap", "it belongs to alertmanager, which this hub does not have"},
};

// Its outputs. Where one is ours too, it belongs into outputs.yaml.
constexpr std::string_view kOutputs[] = {
    "alertmanager", "aws",       "azure",       "cliq",          "cloudevents",   "cloudrun",  "datadog",
    "datadoglogs",  "discord",   "dogstatsd",   "dynatrace",     "elasticsearch", "fission",   "gcp",
    "googlechat",   "gotify",    "grafana",     "grafanaoncall", "influxdb",      "kafka",     "kafkarest",
    "kubeless",     "logstash",  "loki",        "mattermost",    "mqtt",          "n8n",       "nats",
    "nodered",      "openfaas",  "openobserve", "opsgenie",      "otlp",          "pagerduty", "policyreport",
    "quickwit",     "rabbitmq",  "redis",       "rocketchat",    "slack",         "smtp",      "splunk",
    "spyderbat",    "stan",      "statsd",      "sumologic",     "syslog",        "talon",     "teams",
    "tekton",       "telegram",  "timescaledb", "wavefront",     "webex",         "webhook",   "webui",
    "yandex",       "zincsearch"};

}  // namespace

// The key's place and not the value's, as Fields::ignored() has it: an output's block begins with its URL or token.
void warn_of_foreign_keys(const core::YamlNode& root, core::Fields& fields) {
  for (const auto& [key, value] : root.entries) {
    const std::string_view name = key.scalar;
    const auto of_hub =
        std::find_if(std::begin(kKeys), std::end(kKeys), [name](const Foreign& each) { return each.key == name; });
    const bool is_output = std::find(std::begin(kOutputs), std::end(kOutputs), name) != std::end(kOutputs);
    if (of_hub == std::end(kKeys) && !is_output) continue;
    fields.raw(name, "");
    core::conceal(value, fields.diagnostics());
    fields.diagnostics().warning(
        key.place, fmt::format("hub.yaml: '{}' has no effect: {}", name,
                               is_output ? "outputs stand in outputs.yaml, each with a name" : of_hub->why));
  }
}

void warn_of_foreign_variables(const std::map<std::string, std::string>& environment, core::Diagnostics& diagnostics) {
  for (const auto& [name, value] : environment) {
    if (value.empty()) continue;
    const std::string lower = core::ascii_lower(name);
    if (lower == name) continue;  // falcosidekick's variables are in upper case
    const auto of_key = std::find_if(std::begin(kKeys), std::end(kKeys), [&lower](const Foreign& each) {
      return lower == each.key || lower.rfind(std::string{each.key} + "_", 0) == 0;
    });
    if (of_key == std::end(kKeys)) continue;
    core::Place place;
    place.file = "environment";
    diagnostics.warning(place, fmt::format("variable {} has no effect: {}", name, of_key->why));
  }
}

}  // namespace hub
