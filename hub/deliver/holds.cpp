#include "hub/deliver/holds.h"

#include <algorithm>

namespace hub {
namespace {
using namespace std::chrono_literals;
constexpr core::Duration kFirstWait = 1s, kLongestWait = 60s, kLongestAsked = 1h;

Instant after(Instant now, core::Duration wait) {
  return now + std::chrono::duration_cast<Instant::duration>(wait);
}
}  // namespace

bool Holds::hold(const std::string& destination, Kind kind, std::string why, core::Duration wait, Instant now) {
  const auto known = holds_.find(destination);
  const bool running = known != holds_.end() && known->second.kind == kind && now < known->second.until;
  const unsigned step =
      known == holds_.end() || known->second.kind != kind ? 1 : known->second.step + (running ? 0 : 1);
  const core::Duration own = exponential(kFirstWait, 2, kLongestWait, step);
  Instant until = after(now, wait > core::Duration::zero() ? std::min(wait, kLongestAsked) : own);
  if (running) until = wait > core::Duration::zero() ? std::max(until, known->second.until) : known->second.until;

  const bool news = known == holds_.end() || known->second.kind != kind || known->second.why != why;
  if (known == holds_.end() && !destination.empty() && holds_.size() >= kMostDestinations) {
    // Full: the one that would have been asked again soonest makes room. The sink's own hold never does.
    auto soonest = holds_.end();
    for (auto at = holds_.begin(); at != holds_.end(); ++at) {
      if (!at->first.empty() && (soonest == holds_.end() || at->second.until < soonest->second.until)) soonest = at;
    }
    if (soonest != holds_.end()) holds_.erase(soonest);
  }
  holds_.insert_or_assign(destination, Hold{kind, std::move(why), until, step, false});
  return news;
}

bool Holds::release(const std::string& destination) {
  return holds_.erase(destination) > 0;
}

const Holds::Hold* Holds::find(const std::string& destination) const {
  const auto at = holds_.find(destination);
  return at == holds_.end() ? nullptr : &at->second;
}

std::optional<Instant> Holds::blocked_until(const std::string& destination, Instant now) const {
  const Hold* hold = find(destination);
  if (hold == nullptr) return std::nullopt;
  if (now < hold->until) return hold->until;
  if (hold->probing) return after(now, 100ms);
  return std::nullopt;
}

void Holds::probe(const std::string& destination) {
  if (const auto at = holds_.find(destination); at != holds_.end()) at->second.probing = true;
}

void Holds::probe_ended(const std::string& destination) {
  if (const auto at = holds_.find(destination); at != holds_.end()) at->second.probing = false;
}

}  // namespace hub
