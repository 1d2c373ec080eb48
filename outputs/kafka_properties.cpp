// A property that would undo a promise (delivery reports, idempotence, where we connect to, what we verify) or load
// foreign code into the hub is refused; every other one is the user's.
#include "outputs/kafka_properties.h"

#include "core/text.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <memory>

namespace outputs {
namespace {

struct Ours {
  std::string_view name;  // ends in '*': all that begin so
  std::string_view hint;
};

constexpr Ours kOurs[] = {
    {"bootstrap.servers", "use hostport"},
    {"metadata.broker.list", "use hostport"},
    {"client.id", "use clientid"},
    {"security.protocol", "use tls and sasl"},
    {"acks", "use requiredacks"},
    {"request.required.acks", "use requiredacks"},
    {"enable.idempotence", "requiredacks ALL makes the producer idempotent"},
    {"compression.codec", "use compression"},
    {"compression.type", "use compression"},
    {"partitioner", "use balancer"},
    {"allow.auto.create.topics", "use topiccreation"},
    {"message.timeout.ms", "use timeout: {total: 30s}"},
    {"delivery.timeout.ms", "use timeout: {total: 30s}"},
    {"socket.connection.setup.timeout.ms", "use timeout: {connect: 5s}"},
    {"sasl.*", "use sasl, username, password and oauth"},
    {"enable.sasl.*", "use sasl"},
    {"ssl.ca.location", "use tls: {ca_file: …}"},
    {"ssl.certificate.location", "use tls: {cert_file: …}"},
    {"ssl.key.location", "use tls: {key_file: …}"},
    {"enable.ssl.certificate.verification", "use checkcert"},
    {"ssl.endpoint.identification.algorithm", "use checkcert"},
    {"transactional.id", "the hub uses no transactions"},
    {"delivery.report.only.error", "the hub needs every delivery report"},
    {"plugin.library.paths", "the hub loads no foreign code"},
    {"ssl.engine.*", "the hub loads no foreign code"},
};

const Ours* find_ours(std::string_view name) {
  for (const Ours& ours : kOurs)
    if (ours.name.ends_with('*') ? name.starts_with(ours.name.substr(0, ours.name.size() - 1)) : name == ours.name)
      return &ours;
  return nullptr;
}

core::Place place_of(core::Fields& fields, std::string_view key, std::string_view name) {
  const core::YamlNode* const node = fields.raw(key, "");
  if (node && node->is_map())
    for (const auto& [entry, value] : node->entries)
      if (entry.scalar == name) return entry.place;
  return fields.place_of(key);
}

}  // namespace

void check_properties(core::Fields& fields, std::string_view key,
                      const std::map<std::string, std::string>& properties) {
  if (properties.empty()) return;
  const std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)> scratch{rd_kafka_conf_new(),
                                                                                   rd_kafka_conf_destroy};
  for (const auto& [name, value] : properties) {
    const std::string shown = core::printable(name);
    const auto error = [&](std::string what, std::string_view hint) {
      fields.diagnostics().error(place_of(fields, key, name), std::move(what), std::string{hint});
    };
    if (const Ours* const ours = find_ours(name)) {
      error(fmt::format("{} has '{}.{}', which is not for {} to set", fields.owner(), key, shown, key), ours->hint);
      continue;
    }
    char ignored[512];
    switch (rd_kafka_conf_set(scratch.get(), name.c_str(), value.c_str(), ignored, sizeof ignored)) {
      case RD_KAFKA_CONF_OK:
        break;
      case RD_KAFKA_CONF_UNKNOWN:
        error(fmt::format("{} has '{}.{}', which librdkafka does not know", fields.owner(), key, shown),
              fmt::format("this is librdkafka {}; see its CONFIGURATION.md", rd_kafka_version_str()));
        break;
      case RD_KAFKA_CONF_INVALID:
        error(fmt::format("{}: librdkafka refuses the value of '{}.{}'", fields.owner(), key, shown),
              "see CONFIGURATION.md of librdkafka for its range");
        break;
    }
  }
}

}  // namespace outputs
