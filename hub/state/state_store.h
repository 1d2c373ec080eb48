// state.db: how far each sink has come, and its dead letters. Its own thread; one transaction a save, so that a dead letter, its
// settlement and the cursor are there together or not at all. A crash loses at most the saves that were not reported done.
#pragma once

#include "core/alert_id.h"
#include "core/clock.h"
#include "core/result.h"
#include "hub/journal/journal.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hub {

// [first, last], both settled.
struct OffsetRange {
  Offset first, last;
  bool operator==(const OffsetRange&) const = default;
};

struct CursorState {
  Offset position;                         // every alert below it is settled
  std::vector<OffsetRange> settled_above;  // settled ones at or above it, ascending, not touching
  Offset decisions_from;                   // read decisions from here on to find what is not settled
  bool operator==(const CursorState&) const = default;
};

struct DeadLetter {
  std::int64_t number = 0;                 // given by the store
  std::string sink;
  core::AlertId id;
  Offset offset;
  std::string reason;                      // why, as the outcome said it; printable, at most 2 KiB
  unsigned attempts = 0;
  core::TimePoint at;
  std::string rule, priority;              // for lists
  std::string alert;                       // the bytes as they came in
};

struct SinkTotals {                        // since the sink exists; for the accounting invariant over restarts
  std::uint64_t routed = 0, delivered = 0, dead_letters = 0, dropped = 0;
  bool operator==(const SinkTotals&) const = default;
};

struct StateChange {
  std::map<std::string, CursorState> cursors;      // by sink; the router's own is "@router"
  std::map<std::string, SinkTotals> totals;
  std::vector<DeadLetter> dead_letters;
  std::vector<std::string> configured;                  // sinks: no longer removed, if they were
  std::map<std::string, core::TimePoint> removed;       // sinks with a cursor that are no longer configured, and since when
  std::map<std::string, std::string> texts;             // small documents of other rooms (silences), by name
};

class StateStore {
 public:
  virtual ~StateStore() = default;

  // Any thread. All of the change in one transaction; `done` runs on the store's thread when it is durable, or with Full or Io (nothing changed).
  virtual void save(StateChange change, std::function<void(core::Result<>)> done) = 0;

  // Blocking; at start and for the CLI.
  virtual core::Result<std::map<std::string, CursorState>> cursors() = 0;
  virtual core::Result<std::map<std::string, SinkTotals>> totals() = 0;
  virtual core::Result<std::map<std::string, core::TimePoint>> removed() = 0;
  virtual core::Result<std::string> text(const std::string& name) = 0;                   // "": there is none
  virtual core::Result<std::map<std::string, std::uint64_t>> count_dead_letters() = 0;   // by sink
  virtual core::Result<std::vector<DeadLetter>> list_dead_letters(const std::string& sink /* "" : all */, std::size_t limit, std::int64_t after_number) = 0;
  virtual core::Result<> purge_dead_letters(const std::vector<std::int64_t>& numbers) = 0;

  // Finishes the saves under way and closes the file.
  virtual void close() = 0;
};

}  // namespace hub
