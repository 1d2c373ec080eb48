#include "hub/deliver/alert_reader.h"

#include "hub/ingest/alert_record.h"

#include <algorithm>

namespace hub {
namespace {
constexpr std::size_t kMostAlerts = 4096, kMostBytes = 16 << 20;  // of JSON; a decoded alert takes a few times that
constexpr std::uint64_t kWorthAPage = 8;                          // shorter runs are cheaper read one by one
}  // namespace

core::Result<core::AlertRef> AlertReader::fetch(Offset offset, std::uint64_t run) {
  if (const auto known = cache_.find(offset); known != cache_.end()) return known->second;

  if (run >= kWorthAPage) {
    auto page = journal_.read(offset, {.records = std::min<std::size_t>(run, 256), .bytes = 1 << 20},
                              static_cast<std::uint8_t>(RecordType::Alert));
    if (!page) return page.error();
    core::AlertRef wanted;
    for (const Record& record : page->records) {
      if (cache_.contains(record.offset)) continue;
      auto alert = decode(record);
      if (record.offset != offset) continue;
      if (!alert) return alert.error();
      wanted = *alert;
    }
    if (wanted) return wanted;
  }

  auto record = journal_.read_one(offset);
  if (!record) return record.error();
  return decode(*record);
}

core::Result<core::AlertRef> AlertReader::decode(const Record& record) {
  if (core::AlertRef fresh = fresh_ != nullptr ? fresh_->take(record.offset) : nullptr) {
    remember(record.offset, fresh);
    return fresh;
  }
  auto alert = decode_alert_record(decoder_, record.payload, *mutations_);
  if (!alert) return alert.error();
  auto shared = std::make_shared<const core::Alert>(std::move(*alert));
  remember(record.offset, shared);
  return core::AlertRef{std::move(shared)};
}

void AlertReader::remember(Offset offset, const core::AlertRef& alert) {
  if (!cache_.emplace(offset, alert).second) return;
  order_.push_back(offset);
  bytes_ += alert->json.size();
  while (order_.size() > 1 && (order_.size() > kMostAlerts || bytes_ > kMostBytes)) {
    const auto oldest = cache_.find(order_.front());
    bytes_ -= oldest->second->json.size();
    cache_.erase(oldest);
    order_.pop_front();
  }
}

}  // namespace hub
