// Which of several hosts gets the next request: by turns, but none that failed a moment ago, unless all did. Pure: time
// is passed in.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace outputs {

class HostChoice {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  explicit HostChoice(std::size_t hosts) : rests_until_(hosts == 0 ? 1 : hosts) {}

  std::size_t count() const { return rests_until_.size(); }
  // The first from `turn` on that does not rest; when all rest, the one that has rested longest.
  std::size_t pick(std::size_t turn, Instant now) const;
  void failed(std::size_t host, Instant now);  // rests for 10 s
  void answered(std::size_t host);

 private:
  std::vector<Instant> rests_until_;
};

}  // namespace outputs
