#include "hub/ingest/alert_record.h"

#include "core/varint.h"

#include <algorithm>

namespace hub {
namespace {

constexpr char kVersion = 1, kWithDirections = 2;
constexpr std::size_t kHead = 1 + 16 + 8;

core::Result<std::string_view> read_directions(std::string_view bytes, core::Directions& into) {
  core::VarintInput input{bytes};
  const std::uint64_t sinks = input.number();
  for (std::uint64_t i = 0; i < sinks && input.ok(); ++i) into.only_to.emplace_back(input.text());
  into.closes = input.text();
  if (!input.ok()) return core::Error{core::Fault::Corrupt, "the alert record's directions are cut short"};
  return input.rest();
}

}  // namespace

std::string encode_alert_record(const core::AlertId& id, core::TimePoint received, std::string_view json,
                                const core::Directions& directions) {
  std::string record;
  record.reserve(kHead + json.size());
  record += directions == core::Directions{} ? kVersion : kWithDirections;
  record.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  const auto nanoseconds = static_cast<std::uint64_t>(core::to_unix_nanoseconds(received));
  for (int shift = 0; shift < 64; shift += 8) record += static_cast<char>(nanoseconds >> shift & 0xff);
  if (record[0] == kWithDirections) {
    core::put_number(record, directions.only_to.size());
    for (const std::string& sink : directions.only_to) core::put_text(record, sink);
    core::put_text(record, directions.closes);
  }
  record += json;
  return record;
}

core::Result<core::Alert> decode_alert_record(core::AlertDecoder& decoder, std::string_view payload,
                                              const Mutations& mutations) {
  if (payload.size() < kHead) return core::Error{core::Fault::Corrupt, "the alert record is too short"};
  if (payload[0] != kVersion && payload[0] != kWithDirections)
    return core::Error{core::Fault::Corrupt, "the alert record is of another version"};

  std::string_view json = payload.substr(kHead);
  std::shared_ptr<core::Directions> directions;
  if (payload[0] == kWithDirections) {
    directions = std::make_shared<core::Directions>();
    const auto rest = read_directions(json, *directions);
    if (!rest) return rest.error();
    json = *rest;
  }
  auto alert = decoder.decode(json);
  if (!alert) return core::in_context("decode a stored alert", alert.error());

  std::copy_n(payload.begin() + 1, 16, alert->id.bytes.begin());
  std::uint64_t nanoseconds = 0;
  for (std::size_t i = 0; i < 8; ++i)
    nanoseconds |= static_cast<std::uint64_t>(static_cast<unsigned char>(payload[17 + i])) << (8 * i);
  alert->received = core::TimePoint{core::Duration{static_cast<std::int64_t>(nanoseconds)}};
  alert->directions = std::move(directions);
  mutations.apply(*alert);
  return alert;
}

}  // namespace hub
