// What servers and people write for a time: Retry-After in both forms, RFC 3339, durations, sizes, rates.
#include "core/clock.h"
#include "core/units.h"
#include "outputs/output.h"
#include "targets.h"
#include "tests/fuzz/property.h"

namespace fuzz {

void fuzz_dates(std::string_view input) {
  const core::TimePoint now{std::chrono::seconds{1'790'000'000}};
  const net::HttpReply reply{.status = 429, .headers = {{"Retry-After", std::string{input}}}};
  const core::Duration wait = outputs::retry_after(reply, now);
  demand(wait >= core::Duration{0} && wait <= std::chrono::hours{1}, "a wait is between nothing and an hour", input);

  if (const auto time = core::parse_rfc3339(input)) {
    const auto again = core::parse_rfc3339(core::to_rfc3339(*time));
    demand(again && *again == *time, "a time written out reads back the same", input);
    demand(!core::to_go_string(*time).empty(), "a time has Go's form too", input);
  }
  if (const auto duration = core::parse_duration(input)) {
    demand(*duration >= core::Duration{0}, "no duration is negative", input);
    const auto again = core::parse_duration(core::to_text(*duration));
    demand(again && *again == *duration, "a duration written out reads back the same", input);
  }
  if (const auto bytes = core::parse_bytes(input)) {
    const auto again = core::parse_bytes(core::to_text(*bytes));
    demand(again && *again == *bytes, "a size written out reads back the same", input);
  }
  if (const auto rate = core::parse_rate(input)) {
    demand(rate->per_second > 0 && rate->burst >= 1, "a rate lets something through", input);
    if (rate->per_second > 0.001 && rate->per_second < 100'000)  // beyond, it is shown to people as 8e-07/s
      demand(core::parse_rate(core::to_text(*rate)).has_value(), "a rate written out can be read", input);
  }
}

}  // namespace fuzz
