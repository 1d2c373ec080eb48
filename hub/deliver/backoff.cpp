#include "hub/deliver/backoff.h"

#include <algorithm>
#include <cmath>

namespace hub {

using std::chrono::duration_cast;

core::Duration exponential(core::Duration initial, double multiplier, core::Duration most, unsigned step) {
  const double grown =
      static_cast<double>(initial.count()) * std::pow(std::max(multiplier, 1.0), step > 0 ? step - 1 : 0);
  if (!(grown < static_cast<double>(most.count()))) return std::max(most, core::Duration{1});  // infinity and NaN too
  return std::max(core::Duration{static_cast<std::int64_t>(grown)}, core::Duration{1});
}

core::Duration full_jitter(const RetryPolicy& policy, unsigned failures, double chance) {
  const core::Duration longest = exponential(policy.initial, policy.multiplier, policy.max, failures);
  return core::Duration{1 + static_cast<std::int64_t>(static_cast<double>(longest.count() - 1) * chance)};
}

void Breaker::failed(Offset first, Instant now, double chance) {
  ++in_a_row_;
  if (failing_.size() < kOpensAfter) failing_.insert(first);
  if (!is_open()) return;
  // Half of it fixed, half by chance: never a storm, never longer than probe_max.
  const core::Duration longest =
      exponential(policy_.initial, policy_.multiplier, policy_.probe_max, in_a_row_ - kOpensAfter + 1);
  const auto wait = static_cast<std::int64_t>(static_cast<double>(longest.count()) * (0.5 + chance / 2));
  next_probe_ = now + duration_cast<Instant::duration>(core::Duration{wait});
}

bool Breaker::succeeded() {
  const bool was_open = is_open();
  in_a_row_ = 0;
  failing_.clear();
  return was_open;
}

void TokenBucket::fill(Instant now) {
  const double seconds = std::chrono::duration<double>(now - filled_).count();
  if (seconds <= 0) return;
  tokens_ = std::min(static_cast<double>(std::max(rate_.burst, 1U)), tokens_ + seconds * rate_.per_second);
  filled_ = now;
}

Instant TokenBucket::ready_at(Instant now) {
  if (rate_.per_second <= 0) return now;
  fill(now);
  if (tokens_ >= 1) return now;
  return now + duration_cast<Instant::duration>(std::chrono::duration<double>((1 - tokens_) / rate_.per_second)) +
         Instant::duration{1};
}

void TokenBucket::take(Instant now) {
  if (rate_.per_second <= 0) return;
  fill(now);
  tokens_ -= 1;
}

}  // namespace hub
