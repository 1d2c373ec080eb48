#include "hub/deliver/sink_options.h"

#include <algorithm>
#include <array>

namespace hub {
namespace {

using core::Fields;
using core::YamlNode;

// A map is filled key by key, so that `timeout: {connect: 1s}` keeps the default's `total`.
void merge(YamlNode& into, const YamlNode& defaults) {
  for (const auto& [key, value] : defaults.entries) {
    if (into.find(key.scalar) == nullptr) into.entries.emplace_back(key, value);
  }
}

// Kafka's `tls: true` is short for {enabled: true}.
YamlNode as_map(const YamlNode& node) {
  YamlNode map{.kind = YamlNode::Kind::Map, .place = node.place};
  map.entries.emplace_back(YamlNode{.kind = YamlNode::Kind::Scalar, .place = node.place, .scalar = "enabled"}, node);
  return map;
}

bool has(const std::vector<core::OptionRow>& rows, std::string_view key) {
  return std::any_of(rows.begin(), rows.end(), [&](const core::OptionRow& row) {
    return row.key == key || (row.key.starts_with(key) && row.key[key.size()] == '.');
  });
}

}  // namespace

void QueuePolicy::describe(Fields& fields) {
  fields.optional("max_age", max_age, "an alert that has waited longer is dropped, and counted");
  if (!fields.listing() && max_age <= core::Duration::zero())
    fields.error("max_age", fields.owner() + " has a max_age of 0", "write 72h");
}

void RetryPolicy::describe(Fields& fields) {
  std::string jitter = "full", end = then == Then::Drop ? "drop" : "dead_letter";
  fields.optional("initial", initial, "the wait after an alert's first failure, at most");
  fields.optional("multiplier", multiplier, "by how much the wait grows each time");
  fields.optional("max", max, "the longest wait of one alert");
  fields.choice("jitter", jitter, {"full"}, "waits are spread by chance over their whole length");
  fields.optional("probe_max", probe_max, "the longest time between two probes of a sink that is down");
  fields.optional("give_up_after", give_up_after, "an alert that was tried and is older than this is given up");
  fields.optional("max_attempts", max_attempts,
                  "failures after which an alert is given up, if others got through in between");
  fields.choice("then", end, {"dead_letter", "drop"}, "what becomes of an alert that is given up");
  if (fields.listing()) return;
  then = end == "drop" ? Then::Drop : Then::DeadLetter;
  if (initial <= core::Duration::zero())
    fields.error("initial", fields.owner() + " has an initial wait of 0", "write 1s");
  if (probe_max <= core::Duration::zero())
    fields.error("probe_max", fields.owner() + " has a probe_max of 0", "write 10s");
  if (give_up_after <= core::Duration::zero())
    fields.error("give_up_after", fields.owner() + " has a give_up_after of 0", "write 72h");
  if (max < initial)
    fields.error("max", fields.owner() + " has a longest wait below its initial one", "make max at least initial");
  if (!(multiplier >= 1)) fields.error("multiplier", fields.owner() + " has a multiplier below 1", "write 2");
  if (max_attempts == 0) fields.error("max_attempts", fields.owner() + " has max_attempts 0", "write at least 1");
}

void SinkOptions::describe(Fields& fields, OwnRate own_rate) {
  fields.optional("minimumpriority", minimumpriority, "alerts below it never go here");
  fields.group("queue", "what may wait for the sink", [this](Fields& group) { queue.describe(group); });
  fields.group("retry", "how failures are tried again", [this](Fields& group) { retry.describe(group); });
  if (own_rate == OwnRate::Yes) {
    rate.reset();  // a default for all sinks does not widen what a vendor allows
    return;
  }
  core::Rate asked = rate.value_or(core::Rate{});
  fields.optional("rate", asked, "requests at most, such as 10/s");
  if (!fields.listing() && fields.has("rate")) rate = asked;
}

void SinkDefaults::describe(Fields& fields) {
  options_.describe(fields, SinkOptions::OwnRate::No);
  core::Duration duration = std::chrono::seconds{5};
  fields.group("timeout", "deadlines of one request", [&](Fields& timeout) {
    timeout.optional("connect", duration, "resolve, connect and TLS handshake");
    timeout.optional("total", duration, "the whole request");
  });
  std::string text;
  fields.group("tls", "certificates of sinks that speak TLS", [&](Fields& tls) {
    tls.optional("ca_file", text, "PEM file of authorities");
    tls.optional("cert_file", text, "PEM file of our client certificate");
    tls.optional("key_file", text, "PEM file of its key");
  });
  bool yes = true;
  fields.optional("checkcert", yes, "verify servers' certificates; false only for tests");
  unsigned requests = 1;
  fields.optional("maxconcurrentrequests", requests, "requests under way at once, for each sink; 0: as many as 64");
  fields.group("batch", "how many alerts go into one request", [&](Fields& batch) {
    unsigned items = 1;
    core::Bytes bytes{1 << 20};
    core::Duration wait{};
    batch.optional("max_items", items, "alerts in one request at most");
    batch.optional("max_bytes", bytes, "bytes of alert JSON in one request at most");
    batch.optional("max_wait", wait, "how long an alert waits for company");
    if (batch.has("max_items") && items == 0) batch.error("max_items", batch.owner() + " has max_items 0", "write 1");
    if (batch.has("max_bytes") && bytes.count == 0)
      batch.error("max_bytes", batch.owner() + " has max_bytes 0", "write 1MiB");
  });
}

void SinkDefaults::read(const YamlNode& node, core::Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.errors();
  Fields fields{node, "'defaults'", diagnostics};
  describe(fields);
  fields.finish();
  if (diagnostics.errors() > before || !node.is_map()) return;  // said once is enough: sinks do without
  constexpr std::array<std::string_view, 5> kOfOutputs{"timeout", "tls", "checkcert", "maxconcurrentrequests", "batch"};
  for (const std::string_view key : kOfOutputs) {
    if (const YamlNode* given = node.find(key); given != nullptr && !given->is_null())
      of_outputs_.emplace_back(key, *given);
  }
}

std::vector<core::OptionRow> SinkDefaults::rows() {
  std::vector<core::OptionRow> rows;
  Fields listing{rows};
  SinkDefaults{}.describe(listing);
  return rows;
}

YamlNode SinkDefaults::fill(YamlNode sink, const std::vector<core::OptionRow>& rows) const {
  for (const auto& [key, value] : of_outputs_) {
    if (!has(rows, key)) continue;
    const auto own = std::find_if(sink.entries.begin(), sink.entries.end(),
                                  [&](const auto& entry) { return entry.first.scalar == key; });
    const bool optional_tls = key == "tls" && has(rows, "tls.enabled");  // without the key: no TLS at all
    if (own == sink.entries.end()) {
      if (optional_tls) continue;
      sink.entries.emplace_back(YamlNode{.kind = YamlNode::Kind::Scalar, .place = value.place, .scalar = key}, value);
    } else if (value.is_map()) {
      if (optional_tls && own->second.is_scalar()) own->second = as_map(own->second);
      if (own->second.is_map()) merge(own->second, value);
    }
  }
  return sink;
}

}  // namespace hub
