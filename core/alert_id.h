// The identity of one alert at one hub: 128 bits made at ingest, stored in the journal record, the same over retries,
// restarts and replays. It is falcosidekick's `uuid`, Elasticsearch's `_id`, Kafka's header and the webhook's
// idempotency key.
#pragma once

#include "core/result.h"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace core {

struct AlertId {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const AlertId&) const = default;
};

// A new UUID of version 7 (RFC 9562): millisecond time in front, random behind, so that ids sort roughly by arrival.
// Any thread.
AlertId make_alert_id();

std::string to_text(const AlertId& id);                 // "0198c1f2-…", 36 characters, lower case
Result<AlertId> parse_alert_id(std::string_view text);  // 36 characters with dashes, any case; else Fault::Invalid

}  // namespace core
