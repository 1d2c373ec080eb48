// How many alerts a request may hold, learned from a destination that says "too much at once" (413; a search cluster's
// 429): half of what was refused, and after a run of requests that passed twice as many again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

namespace outputs {

class BatchSize {
 public:
  std::size_t most(std::size_t configured) const { return std::min(configured, most_); }
  void refused(std::size_t alerts) {
    most_ = std::max<std::size_t>(1, std::min(most_, alerts) / 2);
    passed_ = 0;
  }
  void passed(std::size_t alerts) {
    if (alerts < most_ || ++passed_ < kRun) return;
    most_ = most_ > kUnlimited / 2 ? kUnlimited : most_ * 2;
    passed_ = 0;
  }

 private:
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
  static constexpr unsigned kRun = 16;
  std::size_t most_ = kUnlimited;
  unsigned passed_ = 0;
};

}  // namespace outputs
