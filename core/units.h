// Sizes, durations and rates as people write them in configuration: "1s", "500ms", "1h30m", "64MiB", "10/5m".
#pragma once

#include "core/clock.h"

#include <cstdint>

namespace core {

struct Bytes {
  std::uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};

struct Rate {
  double per_second = 0;  // 0: unlimited
  unsigned burst = 1;
  bool operator==(const Rate&) const = default;
};

// "1h30m", "2.5s", "100ms", units ns us ms s m h d w; a bare "0" too. Negative, unitless or empty: Fault::Invalid.
Result<Duration> parse_duration(std::string_view text);
// "1.5s", "72h", "4m12s": the shortest form that reads back as the same value.
std::string to_text(Duration duration);

// "512", "64KiB", "1MiB", "2GB" (powers of 1000 without the i). Else Fault::Invalid.
Result<Bytes> parse_bytes(std::string_view text);
std::string to_text(Bytes bytes);

// "1/s", "10/5m", "0.5/1s". Burst is the count, at least 1.
Result<Rate> parse_rate(std::string_view text);
std::string to_text(const Rate& rate);

}  // namespace core
