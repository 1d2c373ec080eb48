// UUIDv7. Randomness comes from a per-thread generator seeded by the kernel: ids must be unique, not secret.
#include "core/alert_id.h"

#include "core/clock.h"

#include <fmt/format.h>

#include <random>

namespace core {
namespace {

std::mt19937_64 seeded() {
  std::random_device kernel;
  std::seed_seq seed{kernel(), kernel(), kernel(), kernel(), kernel(), kernel(), kernel(), kernel()};
  return std::mt19937_64{seed};
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

AlertId make_alert_id() {
  thread_local std::mt19937_64 random = seeded();
  const auto milliseconds = static_cast<std::uint64_t>(to_unix_nanoseconds(now()) / 1'000'000);
  AlertId id;
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
  const std::uint64_t a = random();
  const std::uint64_t b = random();
  for (std::size_t i = 6; i < 8; ++i) id.bytes[i] = static_cast<std::uint8_t>(a >> (8 * (i - 6)));
  for (std::size_t i = 8; i < 16; ++i) id.bytes[i] = static_cast<std::uint8_t>(b >> (8 * (i - 8)));
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x70);  // version 7
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);  // RFC variant
  return id;
}

std::string to_text(const AlertId& id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[id.bytes[i] >> 4];
    text += kDigits[id.bytes[i] & 15];
  }
  return text;
}

Result<AlertId> parse_alert_id(std::string_view text) {
  const Error invalid{Fault::Invalid, "not an alert id such as 0198c1f2-7b7e-7c3a-9d7e-0123456789ab"};
  if (text.size() != 36) return invalid;
  AlertId id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return invalid;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return invalid;
    id.bytes[nibble / 2] = static_cast<std::uint8_t>(id.bytes[nibble / 2] << 4 | value);
    ++nibble;
  }
  return id;
}

}  // namespace core
