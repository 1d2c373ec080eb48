#include "hub/ingest/disk_alarm.h"

#include "core/log.h"
#include "hub/ingest/own_alerts.h"

#include <fmt/format.h>

#include <atomic>

namespace hub {

struct DiskAlarm::Shared {
  std::atomic<Said> said{Said::Nothing};
};

DiskAlarm::DiskAlarm(Journal& journal) : journal_{journal}, shared_{std::make_shared<Shared>()} {}

void DiskAlarm::look(core::TimePoint now) {
  const JournalStatus status = journal_.status();
  if (!status.accepting && !is_full_) {
    is_full_ = true;
    since_ = now;
    why_ = status.trouble.empty() ? "the journal takes no alerts" : status.trouble;
    shared_->said = Said::Nothing;
  }
  // A disk at the brink may change its mind every second: people hear of it once a minute.
  if (is_full_ && !status.accepting && shared_->said == Said::Nothing && now >= not_before_) {
    was_tried_ = true;
    raise("Tocsin hub takes no alerts",
          fmt::format("The hub refuses alerts with 503 until its disk has room again: {} ({} MiB free)", why_,
                      status.free_bytes >> 20),
          now);
  }
  if (is_full_ && status.accepting) {
    is_full_ = false;
    owes_recovery_ = std::exchange(was_tried_, false);
    if (owes_recovery_) not_before_ = now + std::chrono::minutes(1);
    shared_ = std::make_shared<Shared>();
  }
  if (owes_recovery_ && !is_full_ && shared_->said == Said::Nothing) {
    raise("Tocsin hub takes alerts again",
          fmt::format("The hub refused alerts for {} s: {}",
                      std::chrono::duration_cast<std::chrono::seconds>(now - since_).count(), why_),
          now);
  }
  if (owes_recovery_ && shared_->said == Said::Raised) owes_recovery_ = false;
}

void DiskAlarm::raise(const std::string& rule, const std::string& output, core::TimePoint now) {
  shared_->said = Said::Raising;
  NewRecord record = to_record({.rule = rule, .priority = core::Priority::Critical, .output = output}, now);
  record.room = Room::Reserve;
  std::vector<NewRecord> records;
  records.push_back(std::move(record));
  journal_.append(std::move(records), [shared = shared_](const core::Result<Offset>& kept) {
    shared->said = kept ? Said::Raised : Said::Nothing;
  });
}

}  // namespace hub
