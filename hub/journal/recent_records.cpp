// Readers take the lock for a few records at a time: the writer waits for it between two commits.
#include "hub/journal/recent_records.h"

#include <algorithm>

namespace hub {

namespace {
constexpr std::size_t kAtOnce = 64;
constexpr std::size_t kRecordBytes = 64;   // beside its payload

std::size_t bytes_of(const Record& record) { return record.payload.size() + kRecordBytes; }
}  // namespace

void RecentRecords::put(Offset first, std::vector<NewRecord> records) {
  const std::lock_guard lock(mutex_);
  if (records_.empty()) begin_ = first;
  for (NewRecord& each : records) {
    records_.push_back({first, each.type, std::move(each.payload)});
    bytes_ += bytes_of(records_.back());
    first = first.next();
  }
  end_ = first;
  while (bytes_ > most_bytes_ && !records_.empty()) {
    bytes_ -= bytes_of(records_.front());
    begin_ = records_.front().offset.next();
    records_.pop_front();
  }
}

bool RecentRecords::read(Offset from, Journal::ReadLimits limits, std::uint8_t only_type, Journal::Page& page) const {
  bool any = false;
  while (limits.records > 0) {
    const std::lock_guard lock(mutex_);
    if (from < begin_ || from >= end_) return any;
    any = true;
    page.next = from;
    auto at = std::lower_bound(records_.begin(), records_.end(), from, [](const Record& record, Offset wanted) { return record.offset < wanted; });
    for (std::size_t looked = 0; at != records_.end() && looked < kAtOnce && limits.records > 0; ++at, ++looked) {
      if (only_type == 0 || static_cast<std::uint8_t>(at->type) == only_type) {
        if (at->payload.size() > limits.bytes && !page.records.empty()) return true;
        page.records.push_back(*at);
        limits.records -= 1;
        limits.bytes -= std::min(limits.bytes, at->payload.size());
      }
      page.next = from = at->offset.next();
    }
    if (at == records_.end()) page.next = from = end_;
  }
  return any;
}

}  // namespace hub
