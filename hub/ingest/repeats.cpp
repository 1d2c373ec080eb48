#include "hub/ingest/repeats.h"

namespace hub {

void Repeats::broken(const RequestKey& key, Time now) {
  const std::lock_guard lock{mutex_};
  forget_old(now);
  Lost& lost = lost_[key];
  lost.until = now + std::chrono::duration_cast<Time::duration>(keep_);
  lost.response.reset();
  order_.emplace_back(lost.until, key);
  count_ = lost_.size();
}

void Repeats::answered(const RequestKey& key, const Response& response) {
  std::vector<Reply> waiting;
  {
    const std::lock_guard lock{mutex_};
    const auto found = lost_.find(key);
    if (found == lost_.end()) return;
    waiting.swap(found->second.waiting);
    const bool taken = response.status / 100 == 2;
    if (taken && waiting.empty())
      found->second.response = response;
    else
      lost_.erase(found);  // it failed, or its repeat hears the answer now
    count_ = lost_.size();
  }
  for (Reply& reply : waiting) reply.send(response);
}

bool Repeats::claim(const RequestKey& key, Reply& reply, Time now) {
  if (count_ == 0) return false;
  std::optional<Response> response;
  {
    const std::lock_guard lock{mutex_};
    forget_old(now);
    const auto found = lost_.find(key);
    if (found == lost_.end()) return false;
    if (!found->second.response) {
      found->second.waiting.push_back(std::move(reply));
      return true;
    }
    response = std::move(found->second.response);
    lost_.erase(found);
    count_ = lost_.size();
  }
  reply.send(std::move(*response));
  return true;
}

// A request that is still under way is kept whatever its age: its repeats hang on it.
void Repeats::forget_old(Time now) {
  while (!order_.empty() && (order_.front().first <= now || order_.size() > most_)) {
    const auto [until, key] = order_.front();
    order_.pop_front();
    const auto found = lost_.find(key);
    if (found != lost_.end() && found->second.until == until && found->second.waiting.empty()) lost_.erase(found);
  }
  count_ = lost_.size();
}

}  // namespace hub
