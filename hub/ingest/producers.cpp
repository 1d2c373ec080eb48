#include "hub/ingest/producers.h"

#include <algorithm>
#include <iterator>

namespace hub {
namespace {

constexpr std::size_t kMost = 1024;       // producers remembered
constexpr std::size_t kMostRanges = 256;  // of one; beyond, the lowest is forgotten (its repeats would be stored twice)

}  // namespace

Producers::Verdict Producers::claim(const std::string& name, Numbers numbers, Reply& reply) {
  const std::lock_guard lock{mutex_};
  Producer* known = find(name);
  if (known == nullptr) {
    // The one that was silent for longest goes, unless something of it is under way.
    if (producers_.size() >= kMost && producers_.back().pending.empty()) producers_.pop_back();
    known = &producers_.emplace_front();
    known->name = name;
  }
  const std::uint64_t end = numbers.first + numbers.count;
  if (contains(*known, numbers.first, end)) return Verdict::Settled;
  if (const auto same = known->pending.find(numbers.first); same != known->pending.end() && same->second.end == end) {
    same->second.waiting.push_back(std::move(reply));
    return Verdict::Waiting;
  }
  for (const auto& [first, pending] : known->pending)
    if (first < end && numbers.first < pending.end) return Verdict::Overlap;
  known->pending[numbers.first].end = end;
  return Verdict::New;
}

bool Producers::is_settled(const std::string& name, std::uint64_t number) const {
  const std::lock_guard lock{mutex_};
  const auto found =
      std::find_if(producers_.begin(), producers_.end(), [&name](const Producer& each) { return each.name == name; });
  return found != producers_.end() && contains(*found, number, number + 1);
}

void Producers::settle(const std::string& name, Numbers numbers, const Response& response) {
  std::vector<Reply> waiting;
  {
    const std::lock_guard lock{mutex_};
    Producer* known = find(name);
    if (known == nullptr) return;
    if (const auto found = known->pending.find(numbers.first); found != known->pending.end()) {
      waiting.swap(found->second.waiting);
      known->pending.erase(found);
    }
    if (response.status / 100 == 2) insert(*known, numbers.first, numbers.first + numbers.count);
  }
  for (Reply& reply : waiting) reply.send(response);
}

bool Producers::contains(const Producer& producer, std::uint64_t first, std::uint64_t end) {
  auto above = producer.settled.upper_bound(first);
  return above != producer.settled.begin() && std::prev(above)->second >= end;
}

void Producers::insert(Producer& producer, std::uint64_t first, std::uint64_t end) {
  auto& settled = producer.settled;
  auto at = settled.upper_bound(first);
  if (at != settled.begin() && std::prev(at)->second >= first) {
    --at;
    first = at->first;
  }
  while (at != settled.end() && at->first <= end) {
    end = std::max(end, at->second);
    at = settled.erase(at);
  }
  settled.emplace(first, end);
  if (settled.size() > kMostRanges) settled.erase(settled.begin());
}

Producers::Producer* Producers::find(const std::string& name) {
  const auto found =
      std::find_if(producers_.begin(), producers_.end(), [&name](const Producer& each) { return each.name == name; });
  if (found == producers_.end()) return nullptr;
  producers_.splice(producers_.begin(), producers_, found);
  return &producers_.front();
}

}  // namespace hub
