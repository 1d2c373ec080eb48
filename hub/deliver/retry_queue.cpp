#include "hub/deliver/retry_queue.h"

#include "core/invariant.h"

namespace hub {

void RetryQueue::push(Offset offset, unsigned attempt, Instant due) {
  INVARIANT(!is_full());
  const auto [at, fresh] = by_offset_.emplace(offset, Waiting{attempt, due});
  INVARIANT(fresh);
  by_due_.emplace(due, offset);
}

std::vector<RetryQueue::Entry> RetryQueue::take_due(Instant now, std::size_t most) {
  std::vector<Entry> taken;
  while (taken.size() < most && !by_due_.empty() && by_due_.begin()->first <= now)
    taken.push_back(take(by_offset_.find(by_due_.begin()->second)));
  return taken;
}

std::optional<RetryQueue::Entry> RetryQueue::take_oldest() {
  if (by_offset_.empty()) return std::nullopt;
  return take(by_offset_.begin());
}

std::optional<RetryQueue::Entry> RetryQueue::take_newest() {
  if (by_offset_.empty()) return std::nullopt;
  return take(std::prev(by_offset_.end()));
}

void RetryQueue::make_all_due(Instant now) {
  by_due_.clear();
  for (auto& [offset, waiting] : by_offset_) {
    waiting.due = std::min(waiting.due, now);
    by_due_.emplace(waiting.due, offset);
  }
}

std::optional<Instant> RetryQueue::next_due() const {
  if (by_due_.empty()) return std::nullopt;
  return by_due_.begin()->first;
}

RetryQueue::Entry RetryQueue::take(std::map<Offset, Waiting>::iterator at) {
  const Entry entry{at->first, at->second.attempt, at->second.due};
  by_due_.erase({entry.due, entry.offset});
  by_offset_.erase(at);
  return entry;
}

}  // namespace hub
