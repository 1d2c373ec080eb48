// The five things that can become of one alert at one sink. Each has exactly one answer in hub/deliver.
#pragma once

#include "core/clock.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace core {

// Whom a Throttle or Misconfigured holds back: what was chosen for the alert (a channel, an index), where something was;
// or the sink itself, because the answer was about the whole request (a bad token, a cluster out of memory).
enum class About : std::uint8_t { Destination, Sink };

struct Delivered {};  // → acknowledge
struct Retry {
  std::string why;
};  // they, or the way to them, are unwell → this alert again, with backoff
struct Throttle {
  Duration wait;
  About about = About::Destination;
};  // they asked for time → the destination waits; not an attempt
struct Reject {
  std::string why;
};  // these bytes will never be taken → dead letter
struct Misconfigured {
  std::string why;
  About about = About::Destination;
};  // revoked token, no such channel → pause, keep the queue, tell a human, probe

using Outcome = std::variant<Delivered, Retry, Throttle, Reject, Misconfigured>;
using Outcomes = std::vector<Outcome>;  // one per alert, in order (bulk APIs fail in part)

template <class T>
bool is(const Outcome& outcome) {
  return std::holds_alternative<T>(outcome);
}

inline Outcomes same_for_all(std::size_t alerts, const Outcome& outcome) {
  return Outcomes(alerts, outcome);
}

}  // namespace core
