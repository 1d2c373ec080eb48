#include "hub/ingest/alert_record.h"

#include "hub/ingest/mutations.h"

#include <algorithm>

namespace hub {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kHead = 1 + 16 + 8;

}  // namespace

std::string encode_alert_record(const core::AlertId& id, core::TimePoint received, std::string_view json) {
  std::string record;
  record.reserve(kHead + json.size());
  record += kVersion;
  record.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  const auto nanoseconds = static_cast<std::uint64_t>(core::to_unix_nanoseconds(received));
  for (int shift = 0; shift < 64; shift += 8) record += static_cast<char>(nanoseconds >> shift & 0xff);
  record += json;
  return record;
}

core::Result<core::Alert> decode_alert_record(core::AlertDecoder& decoder, std::string_view payload) {
  if (payload.size() < kHead) return core::Error{core::Fault::Corrupt, "the alert record is too short"};
  if (payload[0] != kVersion) return core::Error{core::Fault::Corrupt, "the alert record is of another version"};

  auto alert = decoder.decode(payload.substr(kHead));
  if (!alert) return core::in_context("decode a stored alert", alert.error());

  std::copy_n(payload.begin() + 1, 16, alert->id.bytes.begin());
  std::uint64_t nanoseconds = 0;
  for (std::size_t i = 0; i < 8; ++i)
    nanoseconds |= static_cast<std::uint64_t>(static_cast<unsigned char>(payload[17 + i])) << (8 * i);
  alert->received = core::TimePoint{core::Duration{static_cast<std::int64_t>(nanoseconds)}};
  mutate(*alert);
  return alert;
}

}  // namespace hub
