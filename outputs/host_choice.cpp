// A host that is away costs one request each ten seconds, not every second one.
#include "outputs/host_choice.h"

namespace outputs {
namespace {
constexpr std::chrono::seconds kRest{10};
}

std::size_t HostChoice::pick(std::size_t turn, Instant now) const {
  std::size_t best = turn % count();
  for (std::size_t i = 0; i < count(); ++i) {
    const std::size_t host = (turn + i) % count();
    if (rests_until_[host] <= now) return host;
    if (rests_until_[host] < rests_until_[best]) best = host;
  }
  return best;
}

void HostChoice::failed(std::size_t host, Instant now) {
  rests_until_[host] = now + kRest;
}

void HostChoice::answered(std::size_t host) {
  rests_until_[host] = {};
}

}  // namespace outputs
