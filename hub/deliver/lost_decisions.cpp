#include "hub/deliver/lost_decisions.h"

#include <algorithm>

namespace hub {

std::uint64_t LostDecisions::count_uncounted(const Decision& decision, std::string_view sink) const {
  std::uint64_t count = 0;
  for (const DecisionRun& run : decision.runs) {
    if (std::find(run.sinks.begin(), run.sinks.end(), sink) == run.sinks.end()) continue;
    for (const Stretch& stretch : not_counted_) {
      const std::uint64_t first = std::max(run.first.value, stretch.from.value);
      const std::uint64_t end = std::min(run.first.value + run.count, stretch.to.value);
      if (first < end) count += end - first;
    }
  }
  return count;
}

core::Result<Decision> LostDecisions::decide_again(Offset from, Offset to) {
  const auto page =
      journal_.read(from, {.records = 2'000, .bytes = 2 << 20}, static_cast<std::uint8_t>(RecordType::Alert));
  if (!page) return page.error();
  Decision decision{.from = from, .to = to, .runs = {}};
  if (page->next > from) decision.to = std::min(to, page->next);
  for (const Record& record : page->records) {
    if (record.offset >= to) break;
    const auto alert = reader_.decode(record);
    if (!alert) {
      decision.add(record.offset, {}, "undecodable");
      continue;
    }
    const Verdict verdict = table_.decide(**alert);
    std::vector<std::string> sinks;
    for (const std::uint32_t sink : verdict.sinks) sinks.push_back(table_.guards()[sink].sink);
    decision.add(record.offset, std::move(sinks), verdict.suppressed_by);
  }
  return decision;
}

}  // namespace hub
