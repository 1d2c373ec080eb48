#include "hub/config/falcosidekick_keys.h"

#include <algorithm>
#include <iterator>

namespace hub {
namespace {

using Form = FalcosidekickKey::Form;
using Value = FalcosidekickKey::Value;

constexpr FalcosidekickKey kKeys[] = {
    {"", "listenaddress"},
    {"", "listenport"},
    {"", "debug"},
    {"", "customfields", Form::Map},
    {"", "templatedfields", Form::Templates},
    {"", "customtags", Form::List},
    {"", "bracketreplacer"},
    {"", "outputfieldformat"},
    {"", "mutualtlsfilespath"},
    {"", "mutualtlsclient.certfile"},
    {"", "mutualtlsclient.keyfile"},
    {"", "mutualtlsclient.cacertfile"},
    {"", "tlsclient.cacertfile"},
    {"", "tlsserver.deploy"},
    {"", "tlsserver.certfile"},
    {"", "tlsserver.keyfile"},
    {"", "tlsserver.mutualtls"},
    {"", "tlsserver.cacertfile"},
    {"", "tlsserver.notlsport"},
    {"", "tlsserver.notlspaths", Form::List},
    {"", "prometheus.extralabels", Form::List},

    {"slack", "webhookurl", Form::Text, Value::Secret},
    {"slack", "channel"},
    {"slack", "footer"},
    {"slack", "icon"},
    {"slack", "username"},
    {"slack", "outputformat"},
    {"slack", "messageformat"},
    {"slack", "minimumpriority"},
    {"slack", "mutualtls"},
    {"slack", "checkcert"},
    {"slack", "maxconcurrentrequests"},

    {"elasticsearch", "hostport"},
    {"elasticsearch", "index"},
    {"elasticsearch", "type", Form::Text, Value::Open, "documents have no type since Elasticsearch 7"},
    {"elasticsearch", "suffix"},
    {"elasticsearch", "pipeline"},
    {"elasticsearch", "apikey", Form::Text, Value::Secret},
    {"elasticsearch", "username"},
    {"elasticsearch", "password", Form::Text, Value::Secret},
    {"elasticsearch", "flattenfields"},
    {"elasticsearch", "createindextemplate"},
    {"elasticsearch", "numberofshards"},
    {"elasticsearch", "numberofreplicas"},
    {"elasticsearch", "customheaders", Form::Map, Value::Secret},
    {"elasticsearch", "enablecompression"},
    {"elasticsearch", "batching.enabled"},
    {"elasticsearch", "batching.batchsize"},
    {"elasticsearch", "batching.flushinterval"},
    {"elasticsearch", "minimumpriority"},
    {"elasticsearch", "mutualtls"},
    {"elasticsearch", "checkcert"},
    {"elasticsearch", "maxconcurrentrequests"},

    {"influxdb", "hostport"},
    {"influxdb", "database"},
    {"influxdb", "organization"},
    {"influxdb", "bucket"},
    {"influxdb", "precision"},
    {"influxdb", "user"},
    {"influxdb", "password", Form::Text, Value::Secret},
    {"influxdb", "token", Form::Text, Value::Secret},
    {"influxdb", "minimumpriority"},
    {"influxdb", "mutualtls"},
    {"influxdb", "checkcert"},
    {"influxdb", "maxconcurrentrequests"},

    {"kafka", "hostport"},
    {"kafka", "topic"},
    {"kafka", "topiccreation"},
    {"kafka", "sasl"},
    {"kafka", "tls"},
    {"kafka", "username"},
    {"kafka", "password", Form::Text, Value::Secret},
    {"kafka", "balancer"},
    {"kafka", "clientid"},
    {"kafka", "compression"},
    {"kafka", "async", Form::Text, Value::Open, "each alert waits for its delivery report"},
    {"kafka", "requiredacks"},
    {"kafka", "minimumpriority"},

    {"webhook", "address", Form::Text, Value::Secret},
    {"webhook", "method"},
    {"webhook", "customheaders", Form::Map, Value::Secret},
    {"webhook", "minimumpriority"},
    {"webhook", "mutualtls"},
    {"webhook", "checkcert"},
    {"webhook", "maxconcurrentrequests"},
};

const std::vector<FalcosidekickOutput>& all_outputs() {
  static const std::vector<FalcosidekickOutput> outputs{
      {"slack", {"webhookurl"}, true},
      {"elasticsearch", {"hostport"}, true},
      {"influxdb", {"hostport"}, true},
      {"kafka", {"hostport+topic"}, true},
      {"webhook", {"address"}, true},
      {"alertmanager", {"hostport"}},
      {"aws",
       {"lambda.functionname", "sqs.url", "sns.topicarn", "cloudwatchlogs.loggroup", "s3.bucket", "kinesis.streamname",
        "securitylake.bucket"}},
      {"azure", {"eventhub.name"}},
      {"cliq", {"webhookurl"}},
      {"cloudevents", {"address"}},
      {"datadog", {"apikey"}},
      {"datadoglogs", {"apikey"}},
      {"discord", {"webhookurl"}},
      {"dogstatsd", {"forwarder"}},
      {"dynatrace", {"apitoken"}},
      {"fission", {"function"}},
      {"gcp",
       {"pubsub.topic", "storage.bucket", "cloudfunctions.name", "cloudrun.endpoint", "chronicle.endpoint",
        "chronicle.customerid"}},
      {"googlechat", {"webhookurl"}},
      {"gotify", {"hostport"}},
      {"grafana", {"hostport"}},
      {"grafanaoncall", {"webhookurl"}},
      {"kafkarest", {"address"}},
      {"kubeless", {"function"}},
      {"logstash", {"address"}},
      {"loki", {"hostport"}},
      {"mattermost", {"webhookurl"}},
      {"mqtt", {"broker"}},
      {"n8n", {"address"}},
      {"nats", {"hostport"}},
      {"nodered", {"address"}},
      {"openfaas", {"functionname"}},
      {"openobserve", {"hostport"}},
      {"opsgenie", {"apikey"}},
      {"otlp", {"traces.endpoint", "metrics.endpoint", "logs.endpoint"}},
      {"pagerduty", {"routingkey"}},
      {"policyreport", {"enabled"}},
      {"quickwit", {"hostport"}},
      {"rabbitmq", {"url"}},
      {"redis", {"address"}},
      {"rocketchat", {"webhookurl"}},
      {"smtp", {"hostport"}},
      {"splunk", {"host", "hostport", "token"}},
      {"spyderbat", {"orguid"}},
      {"stan", {"hostport"}},
      {"statsd", {"forwarder"}},
      {"sumologic", {"receiverurl"}},
      {"syslog", {"host"}},
      {"talon", {"address"}},
      {"teams", {"webhookurl"}},
      {"tekton", {"eventlistener"}},
      {"telegram", {"token"}},
      {"timescaledb", {"host"}},
      {"wavefront", {"endpointhost"}},
      {"webex", {"webhookurl"}},
      {"webui", {"url"}},
      {"yandex", {"s3.bucket", "datastreams.streamname"}},
      {"zincsearch", {"hostport"}},
  };
  return outputs;
}

}  // namespace

std::string falcosidekick_variable(std::string_view output, std::string_view key) {
  std::string name = output.empty() ? std::string{key} : std::string{output} + "." + std::string{key};
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return name;
}

std::string FalcosidekickKey::variable() const {
  return falcosidekick_variable(output, key);
}

std::span<const FalcosidekickKey> falcosidekick_keys() {
  return kKeys;
}

const FalcosidekickKey* find_falcosidekick_key(std::string_view output, std::string_view key) {
  const auto found = std::find_if(std::begin(kKeys), std::end(kKeys),
                                  [&](const FalcosidekickKey& k) { return k.output == output && k.key == key; });
  return found == std::end(kKeys) ? nullptr : found;
}

std::span<const FalcosidekickOutput> falcosidekick_outputs() {
  return all_outputs();
}

const FalcosidekickOutput* find_falcosidekick_output(std::string_view name) {
  const auto& all = all_outputs();
  const auto found = std::find_if(all.begin(), all.end(), [&](const FalcosidekickOutput& o) { return o.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace hub
