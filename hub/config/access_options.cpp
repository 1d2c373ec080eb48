#include "hub/config/access_options.h"

#include <fmt/format.h>

#include <algorithm>

namespace hub {
namespace {

constexpr std::size_t kShortestToken = 16;

void describe_producer(core::Fields& fields, ProducerOptions& producer) {
  fields.optional("token", producer.token,
                  "its secret: sent as bearer token, as password of the user NAME, or in the path /token/TOKEN");
  fields.optional("certificate", producer.certificate,
                  "a name (common name or DNS name) in the certificate it shows; needs tlsserver.mutualtls");
  fields.optional("hosts", producer.hosts,
                  "hostnames its alerts may carry, * at an end for any; others are marked tocsin.hostname_disputed");
}

// A name goes into every alert and, as a user's name, into URLs.
bool is_producer_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

void read_producer(core::Fields& root, const core::YamlEntry& entry, std::vector<ProducerOptions>& producers) {
  const auto& [key, value] = entry;
  ProducerOptions producer;
  producer.name = key.scalar;
  if (!is_producer_name(producer.name))
    root.diagnostics().error(key.place, fmt::format("'{}' cannot be a producer's name", producer.name),
                             "letters, digits and . - _ only");
  if (!value.is_map()) {
    core::conceal(value, root.diagnostics());  // it may be the token
    root.diagnostics().error(key.place, fmt::format("producer '{}' has no options", producer.name),
                             "write token: ${env:NAME}, or certificate: NAME");
    return;
  }
  core::Fields fields{value, fmt::format("producer '{}'", producer.name), root.diagnostics()};
  describe_producer(fields, producer);
  fields.finish();
  const std::size_t length = producer.token.reveal().size();
  if (!fields.has("token") && producer.certificate.empty())
    root.diagnostics().error(key.place, fmt::format("producer '{}' has neither token nor certificate", producer.name),
                             "without one of them nobody could be it");
  if (fields.has("token") && length < kShortestToken)
    fields.error("token", fmt::format("producer '{}' has a token of {} characters", producer.name, length),
                 "at least 16, for instance from: openssl rand -hex 24");
  for (const ProducerOptions& other : producers)
    if (length > 0 && other.token.reveal() == producer.token.reveal())
      fields.error("token", fmt::format("producers '{}' and '{}' have the same token", other.name, producer.name),
                   "then one could not be told from the other");
  producers.push_back(std::move(producer));
}

}  // namespace

void AccessOptions::describe(core::Fields& fields) {
  fields.optional("open_paths", open_paths,
                  "paths that anybody may read, once there are producers; /metrics is not one");
  if (fields.listing()) {
    fields.group("producers.NAME", "who may send; without any: everybody who can connect", [](core::Fields& one) {
      ProducerOptions producer;
      describe_producer(one, producer);
    });
    return;
  }
  const core::YamlNode* all = fields.raw("producers", "who may send, by name; without any: everybody who can connect");
  if (all == nullptr || all->is_null()) return;
  if (!all->is_map()) return fields.error("producers", "producers is not a map", "write NAME: {token: ${env:NAME}}");
  for (const core::YamlEntry& entry : all->entries) read_producer(fields, entry, producers);
}

}  // namespace hub
