// Time as Tocsin counts it. TimePoint is wall time (UTC) and goes into alerts and records; waiting is done on Asio's
// steady timers.
#pragma once

#include "core/result.h"

#include <chrono>
#include <string>
#include <string_view>

namespace core {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::sys_time<std::chrono::nanoseconds>;

TimePoint now();

// RFC 3339 with any number of fractional digits (beyond nine: cut) and "Z" or an offset, as Falco and Go write it. Else
// Fault::Invalid.
Result<TimePoint> parse_rfc3339(std::string_view text);

// "2019-05-17T15:31:56.746609046Z": UTC, trailing zeros of the fraction trimmed as Go does; no fraction when it is
// zero.
std::string to_rfc3339(TimePoint time);

// "2019-05-17 15:31:56.746609046 +0000 UTC": Go's Time.String(), which falcosidekick's chat outputs show.
std::string to_go_string(TimePoint time);

std::int64_t to_unix_nanoseconds(TimePoint time);

}  // namespace core
