// The journal: an append-only, durable sequence of records, each with an offset that is never used twice. What is appended is on disk
// before `done` says so. An interface, because the second implementation will be a Kafka topic.
#pragma once

#include "core/result.h"

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace hub {

struct Offset {
  std::uint64_t value = 0;             // 0: before everything; the first record is 1
  auto operator<=>(const Offset&) const = default;
  Offset next() const { return {value + 1}; }
};

enum class RecordType : std::uint8_t { Alert = 1, Decision = 2 };

struct Record {
  Offset offset;
  RecordType type = RecordType::Alert;
  std::string payload;
};

// What of the disk a new record may use when the disk is full. Decisions always may use what is kept back: without them nothing is ever released.
enum class Room : std::uint8_t {
  Ordinary,
  Reserve,                             // the hub's own few alarms: they tell that the disk is full
};

struct NewRecord {
  RecordType type = RecordType::Alert;
  std::string payload;                 // at most 4 MiB
  Room room = Room::Ordinary;
};

// What the journal knows of itself, for /status, metrics and the logs. Consistent enough for people, not for decisions.
struct JournalStatus {
  Offset first, durable_end;           // records [first, durable_end) can be read
  std::uint64_t bytes = 0, segments = 0, free_bytes = 0;
  std::uint64_t torn_bytes = 0, quarantined_records = 0;   // since the start
  std::uint64_t commits = 0, records = 0;
  double last_sync_seconds = 0;
  bool accepting = true;               // false: no room (disk full), appends get Fault::Full; or the disk fails, they get Fault::Io
  std::string trouble;                 // "" or one sentence
};

class Journal {
 public:
  virtual ~Journal() = default;

  // Any thread; never blocks on the disk. `done` runs on the writer's thread, once: with the offset of the first record when all of them
  // are durable (they are consecutive), or with Full (no room: 503 with Retry-After) or Io. After a fault none of them will ever be read.
  using Done = std::function<void(core::Result<Offset>)>;
  virtual void append(std::vector<NewRecord> records, Done done) = 0;

  // One past the last durable record. Any thread.
  virtual Offset durable_end() const = 0;
  virtual Offset first() const = 0;

  // Called on the writer's thread after each commit, with the new durable end. Set once, before the first append.
  virtual void on_durable(std::function<void(Offset)> listener) = 0;

  struct ReadLimits {
    std::size_t records = 1000;
    std::size_t bytes = 1 << 20;       // of payload; at least one record is returned even if it is larger
  };
  // Any thread. Records at or after `from` and below durable_end, in order, of the types asked for (0: all). `next` is where to go on: it
  // is past everything looked at, also past records that were skipped. Quarantined records are left out. Empty and next == durable_end: at the end.
  struct Page {
    std::vector<Record> records;
    Offset next;
  };
  virtual core::Result<Page> read(Offset from, ReadLimits limits, std::uint8_t only_type = 0) = 0;
  // One record again (a retry). NotFound: its segment is gone; Corrupt: quarantined.
  virtual core::Result<Record> read_one(Offset offset) = 0;

  // Nothing below `offset` is needed any more: segments wholly below it may go when retention lets them. The caller has made durable whatever
  // released them (the cursors) BEFORE this call.
  virtual void release(Offset below) = 0;

  virtual JournalStatus status() const = 0;
  // Commits what was appended, then stops the writer. Later appends get Io.
  virtual void close() = 0;
};

}  // namespace hub

template <>
struct std::hash<hub::Offset> {
  std::size_t operator()(const hub::Offset& offset) const noexcept { return std::hash<std::uint64_t>{}(offset.value); }
};
