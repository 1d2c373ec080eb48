// gzip bodies, as Falco sends them with compress_uploads: unpacked under a bound, for a few bytes can unpack to
// gigabytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hub {

enum class Inflated { Whole, TooLarge, Broken };

// Unpacks one gzip stream into `into`. TooLarge: more than `most` bytes, or more than kFreeBytes and kMostRatio times
// what came. Broken: no gzip, cut short, or followed by something else.
inline constexpr std::size_t kFreeBytes = 1 << 20;
inline constexpr std::size_t kMostRatio = 20;
Inflated inflate_gzip(std::string_view packed, std::size_t most, std::string& into);

}  // namespace hub
