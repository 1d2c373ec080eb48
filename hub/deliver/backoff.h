// When to try again: full-jitter exponential backoff for one alert, and the breaker of one sink. Pure: time and chance
// are passed in.
#pragma once

#include "core/clock.h"
#include "hub/deliver/sinks.h"
#include "hub/journal/journal.h"

#include <chrono>
#include <set>

namespace hub {

// Waiting is counted on the steady clock: a jump of the wall clock neither stalls nor storms a sink.
using Instant = std::chrono::steady_clock::time_point;

// initial · multiplier^(step-1), at most `most`; step counts from 1.
core::Duration exponential(core::Duration initial, double multiplier, core::Duration most, unsigned step);

// The wait after an alert's n-th failure, n from 1: somewhere in (0, exponential]. `chance` is in [0, 1).
core::Duration full_jitter(const RetryPolicy& policy, unsigned failures, double chance);

// After five Retries in a row the destination counts as down: the breaker opens, and one request at a time asks whether
// it is back. Any sign of life closes it.
class Breaker {
 public:
  explicit Breaker(const RetryPolicy& policy) : policy_{policy} {}

  // A request of which nothing came but Retry; `first` is the lowest alert in it.
  void failed(Offset first, Instant now, double chance);
  // True: it was open until now.
  bool succeeded();

  bool is_open() const { return in_a_row_ >= kOpensAfter; }
  unsigned failures_in_a_row() const { return in_a_row_; }
  Instant next_probe() const { return next_probe_; }  // while open
  // While only a few alerts are what fails, they may be the fault themselves: then an alert never tried yet need not
  // wait for a probe.
  bool may_be_the_alerts() const { return failing_.size() < kOpensAfter; }

 private:
  static constexpr unsigned kOpensAfter = 5;

  RetryPolicy policy_;
  unsigned in_a_row_ = 0;
  Instant next_probe_{};
  std::set<Offset> failing_;  // at most kOpensAfter
};

// At most `rate` requests: a bucket of `burst` tokens that fills at `per_second`. per_second 0: no bound.
class TokenBucket {
 public:
  TokenBucket(core::Rate rate, Instant now) : rate_{rate}, tokens_{static_cast<double>(rate.burst)}, filled_{now} {}
  // When the next request may go; `now` or earlier: at once. Takes nothing.
  Instant ready_at(Instant now);
  void take(Instant now);

 private:
  void fill(Instant now);

  core::Rate rate_;
  double tokens_;
  Instant filled_;
};

}  // namespace hub
