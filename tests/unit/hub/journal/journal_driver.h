// What the journal's tests share: a journal on a disk in memory, appended to and waited for like a caller does.
#pragma once

#include "core/log.h"
#include "hub/journal/segment_journal.h"
#include "tests/support/catch.h"
#include "tests/support/faulty_file.h"

#include <future>
#include <string>
#include <vector>

namespace tests {

// Thousands of broken disks would say so in the log.
struct Quiet {
  Quiet() { core::set_log_level(static_cast<core::LogLevel>(-1)); }
  ~Quiet() { core::set_log_level(core::LogLevel::Info); }
};

inline const hub::Path kJournalDirectory = "/state/journal";

inline hub::JournalOptions small_options() {
  hub::JournalOptions options;
  options.segment_bytes = 16 << 10;
  options.reserve_bytes = 8 << 10;
  options.max_bytes = 1 << 20;
  options.upkeep = hub::UpkeepThread::Inline;
  return options;
}

inline std::unique_ptr<hub::Journal> open_or_fail(hub::FileSystem& disk, const hub::JournalOptions& options = small_options()) {
  auto journal = hub::open_journal(disk, kJournalDirectory, options);
  if (!journal) FAIL(journal.error().what);
  return std::move(*journal);
}

inline hub::NewRecord alert(std::string payload) { return {hub::RecordType::Alert, std::move(payload)}; }
inline hub::NewRecord decision(std::string payload) { return {hub::RecordType::Decision, std::move(payload)}; }

inline core::Result<hub::Offset> append_and_wait(hub::Journal& journal, std::vector<hub::NewRecord> records) {
  std::promise<core::Result<hub::Offset>> settled;
  auto outcome = settled.get_future();
  journal.append(std::move(records), [&](core::Result<hub::Offset> result) { settled.set_value(std::move(result)); });
  return outcome.get();
}

inline core::Result<hub::Offset> append_and_wait(hub::Journal& journal, std::string payload) {
  std::vector<hub::NewRecord> records;
  records.push_back(alert(std::move(payload)));
  return append_and_wait(journal, std::move(records));
}

// Everything that can be read, page by page as a sink does.
inline std::vector<hub::Record> read_all(hub::Journal& journal, hub::Journal::ReadLimits limits = {}, std::uint8_t only_type = 0,
                                         hub::Offset from = {}) {
  std::vector<hub::Record> records;
  while (from < journal.durable_end()) {
    auto page = journal.read(from, limits, only_type);
    if (!page) FAIL(page.error().what);
    if (page->next <= from && page->records.empty()) FAIL("reading does not go on");
    for (auto& record : page->records) records.push_back(std::move(record));
    from = page->next;
  }
  return records;
}

}  // namespace tests
