// falcosidekick's spelling first (sasl: SCRAM_SHA512, username, password, tls: true); sasl and tls may be maps too.
// Unlike falcosidekick, which asks for no acknowledgement at all, we wait for all in-sync replicas unless told
// otherwise.
#include "outputs/kafka_options.h"

#include "core/text.h"
#include "outputs/kafka_properties.h"

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>

namespace outputs {
namespace {

constexpr std::size_t kLongestTopic = 249;

bool may_be_in_topic(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool is_letter_or_digit(char c) {
  return may_be_in_topic(c) && c != '.' && c != '_' && c != '-';
}

bool is_map(core::Fields& fields, std::string_view key, std::string_view help) {
  if (fields.listing()) return false;
  const core::YamlNode* node = fields.raw(key, help);
  return node && node->is_map();
}

// kafka-go's balancers. Two of them have no twin in librdkafka, whose `random` keeps to one partition for a batch and
// then goes on.
std::string to_partitioner(const std::string& balancer, bool has_key) {
  if (balancer == "crc32") return "consistent";
  if (balancer == "crc32_random") return "consistent_random";
  if (balancer == "murmur2") return "murmur2";
  if (balancer == "murmur2_random") return "murmur2_random";
  return has_key ? "murmur2_random"
                 : "random";  // a key is there to keep a host's alerts in order: a random partition would not
}

std::string milliseconds(core::Duration duration) {
  return std::to_string(
      std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()));
}

}  // namespace

void KafkaOptions::describe(core::Fields& fields, const net::TlsOptions& hub) {
  fields.required("hostport", hostport, "brokers to begin with: host:9092, several with commas");
  fields.text_template("topic", topic,
                       "the topic (required); may have holes after a fixed beginning: falco-{{k8s.ns.name}}");
  fields.optional("key", key, "the record's key: none, hostname, rule, or a text with holes such as {{k8s.ns.name}}");
  describe_security(fields);
  fields.choice("compression", compression, {"NONE", "GZIP", "SNAPPY", "LZ4", "ZSTD"}, "of record batches");
  fields.choice("requiredacks", requiredacks, {"ALL", "ONE", "NONE"},
                "who must have the record before it counts; with ALL the producer is idempotent");
  fields.choice("balancer", balancer,
                {"round_robin", "least_bytes", "crc32", "crc32_random", "murmur2", "murmur2_random"},
                "how a partition is chosen; with a key round_robin and least_bytes mean murmur2_random");
  fields.optional("clientid", clientid, "our name in the broker's logs and quotas");
  fields.optional("topiccreation", topiccreation, "let the broker make the topic when it is missing (if it may)");
  fields.ignored("async", "each alert waits for its delivery report");
  fields.optional("properties", more, "more of librdkafka's own properties, such as {linger.ms: 50}");
  batch.describe(fields);
  fields.group("timeout", "deadlines", [this](core::Fields& timeout) {
    timeout.optional("connect", connect, "connecting to one broker, TLS and SASL included");
    timeout.optional("total", total,
                     "from handing over to the delivery report; then the alert is tried again from the journal");
    if (connect <= core::Duration{} || total <= core::Duration{})
      timeout.error("total", fmt::format("{} has a timeout of 0; each delivery needs a deadline", timeout.owner()));
  });
  tls_of_hub = hub;
  if (ca_file.empty()) ca_file = hub.ca_file;
  checkcert = checkcert && hub.verify;
  check(fields);
}

void KafkaOptions::describe_security(core::Fields& fields) {
  const auto credentials = [this](core::Fields& to) {
    to.optional("username", username, "for SASL");
    to.optional("password", password, "for SASL");
  };
  const std::string sasl_help =
      "PLAIN, SCRAM_SHA256, SCRAM_SHA512 or OAUTHBEARER; or a map {mechanism, username, password}";
  if (is_map(fields, "sasl", sasl_help))
    fields.group("sasl", sasl_help, [&](core::Fields& map) {
      map.optional("mechanism", sasl, "PLAIN, SCRAM_SHA256, SCRAM_SHA512 or OAUTHBEARER");
      credentials(map);
    });
  else
    fields.optional("sasl", sasl, sasl_help);
  credentials(fields);
  fields.group("oauth", "for OAUTHBEARER: tokens by the client credentials grant",
               [this](core::Fields& map) { oauth.describe(map); });

  const auto files = [this](core::Fields& map) {
    map.optional("ca_file", ca_file, "PEM file of authorities to trust instead of the system's");
    map.optional("cert_file", cert_file, "PEM file of our client certificate");
    map.optional("key_file", key_file, "PEM file of its key");
  };
  const std::string tls_help = "speak TLS; or a map {enabled, ca_file, cert_file, key_file}";
  const bool nested = is_map(fields, "tls", tls_help);
  if (!nested) fields.optional("tls", tls, tls_help);
  if (nested || fields.listing())
    fields.group("tls", tls_help, [&](core::Fields& map) {
      bool enabled = true;
      map.optional("enabled", enabled, "speak TLS");
      files(map);
      if (!map.listing()) tls = enabled;
    });
  fields.optional("checkcert", checkcert, "verify the broker's certificate and name; false only for tests");
}

// A name without a letter or digit of ours before the first hole could be made any topic by who fills the hole: with
// "_" it would be Kafka's own __consumer_offsets.
void KafkaOptions::check_topic(core::Fields& fields) {
  const std::string_view fixed = topic.literal_prefix();
  const std::string what = fmt::format("{}: '{}' cannot be a topic", fields.owner(), core::printable(topic.text()));
  if (topic.empty()) {
    if (!fields.has("topic")) fields.error("topic", fmt::format("{} lacks 'topic'", fields.owner()), "add topic: …");
  } else if (!topic.is_fixed() && std::none_of(fixed.begin(), fixed.end(), is_letter_or_digit)) {
    fields.error("topic", what, "begin with fixed text that has a letter or digit, such as falco-{{k8s.ns.name}}");
  } else if (const std::string_view name = topic.is_fixed() ? std::string_view{topic.text()} : fixed;
             !std::all_of(name.begin(), name.end(), may_be_in_topic) || name.size() > kLongestTopic || name == "." ||
             name == "..") {
    fields.error("topic", what, "letters, digits, '.', '_' and '-', at most 249");
  }
}

std::string KafkaOptions::topic_of(const core::Alert& alert) const {
  if (topic.is_fixed()) return topic.text();
  std::string name = topic.render(alert);
  if (name.size() > kLongestTopic) name.resize(kLongestTopic);
  for (char& c : name)
    if (!may_be_in_topic(c)) c = '_';
  return name;
}

void KafkaOptions::check_credentials(core::Fields& fields) {
  for (char& c : sasl) c = c == '_' ? '-' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  if (sasl == "SCRAM-SHA256") sasl = "SCRAM-SHA-256";
  if (sasl == "SCRAM-SHA512") sasl = "SCRAM-SHA-512";
  if (!sasl.empty() && sasl != "PLAIN" && sasl != "SCRAM-SHA-256" && sasl != "SCRAM-SHA-512" && !has_oauth())
    fields.error("sasl",
                 fmt::format("{} has sasl '{}', which is not one of its words", fields.owner(), core::printable(sasl)),
                 "one of PLAIN, SCRAM_SHA256, SCRAM_SHA512, OAUTHBEARER");
  if (has_oauth() && (oauth.tokenurl.empty() || oauth.clientid.empty() || oauth.clientsecret.empty()))
    fields.error("sasl", fmt::format("{} has sasl OAUTHBEARER, but lacks a part of 'oauth'", fields.owner()),
                 "oauth: {tokenurl: https://…, clientid: …, clientsecret: …}");
  if (!has_oauth() && !oauth.tokenurl.empty())
    fields.error("oauth", fmt::format("{} has oauth, which only sasl OAUTHBEARER uses", fields.owner()),
                 "add sasl: OAUTHBEARER");
  if (!sasl.empty() && !has_oauth() && (username.empty() || password.empty()))
    fields.error("sasl", fmt::format("{} has sasl, but lacks 'username' or 'password'", fields.owner()));
}

void KafkaOptions::check(core::Fields& fields) {
  if (fields.listing()) return;
  check_topic(fields);
  check_properties(fields, "properties", more);

  const std::string word = core::ascii_lower(key);
  const std::string text = word == "none" || word.empty() ? ""
                           : word == "hostname"           ? "{{hostname}}"
                           : word == "rule"               ? "{{rule}}"
                                                          : key;
  auto parsed = core::Template::parse(text);
  if (!parsed)
    fields.error("key", fmt::format("{}: 'key': {}", fields.owner(), parsed.error().what));
  else if (!text.empty() && parsed->is_fixed())
    fields.error(
        "key", fmt::format("{} has key '{}', which is the same for every alert", fields.owner(), core::printable(key)),
        "none, hostname, rule, or a text with holes such as {{k8s.ns.name}}");
  else
    key_template = std::move(*parsed);

  check_credentials(fields);
  if (cert_file.empty() != key_file.empty())
    fields.error("tls", fmt::format("{}: a client certificate needs both cert_file and key_file", fields.owner()));
  for (const std::string& file : {ca_file, cert_file, key_file})
    if (tls && !file.empty() && access(file.c_str(), R_OK) != 0)
      fields.error("tls", fmt::format("{}: {} cannot be read", fields.owner(), file));
  if (requiredacks == "NONE")
    fields.diagnostics().warning(
        fields.place_of("requiredacks"),
        fmt::format("{} has requiredacks NONE: a record counts as delivered when it left this machine, and may be lost",
                    fields.owner()),
        "leave it out: ALL is the default here");
}

std::map<std::string, std::string> KafkaOptions::properties() const {
  std::map<std::string, std::string> all{
      {"bootstrap.servers", hostport},
      {"client.id", clientid.empty() ? "tocsin-hub" : clientid},
      {"security.protocol", std::string{sasl.empty() ? "" : "sasl_"} + (tls ? "ssl" : "plaintext")},
      {"acks", requiredacks == "ALL"   ? "all"
               : requiredacks == "ONE" ? "1"
                                       : "0"},
      {"enable.idempotence", requiredacks == "ALL" ? "true" : "false"},
      {"compression.codec", core::ascii_lower(compression)},
      {"partitioner", to_partitioner(balancer, !key_template.empty())},
      {"allow.auto.create.topics", topiccreation ? "true" : "false"},
      {"message.timeout.ms", milliseconds(total)},
      {"socket.connection.setup.timeout.ms", milliseconds(std::max<core::Duration>(connect, std::chrono::seconds{1}))},
      {"topic.metadata.propagation.max.ms",
       "3000"},  // so long a missing topic may be a new one; then it is Misconfigured
      {"reconnect.backoff.max.ms", "5000"},
      {"message.max.bytes", "4194304"},  // the broker knows its limit; ours must not be smaller
      {"batch.size", "524288"},  // well below a broker's default of 1 MiB: a batch over it is refused as a whole
      {"linger.ms", "5"},
      {"log.connection.close", "false"},
  };
  if (!sasl.empty()) {
    all["sasl.mechanisms"] = sasl;
    if (!has_oauth()) all["sasl.username"] = username;
    if (!has_oauth()) all["sasl.password"] = password.reveal();
  }
  if (tls) {
    if (!ca_file.empty()) all["ssl.ca.location"] = ca_file;
    if (!cert_file.empty()) all["ssl.certificate.location"] = cert_file;
    if (!key_file.empty()) all["ssl.key.location"] = key_file;
    all["enable.ssl.certificate.verification"] = checkcert ? "true" : "false";
    all["ssl.endpoint.identification.algorithm"] = checkcert ? "https" : "none";
  }
  for (const auto& [name, value] : more)
    all[name] = value;  // none of those that an option stands for: check_properties
  return all;
}

}  // namespace outputs
