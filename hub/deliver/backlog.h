// What one sink has before it: the decided alerts that it has not looked at yet, as ranges of offsets, and its cursor.
// Reads decision records, never routes. A backlog of millions is a few ranges here: decisions are read page by page,
// when the lane runs low.
//
//   position ≤ taken ≤ covered: settled | in the window (unsettled, held by the worker as offsets) | ranges waiting |
//   not decided yet
#pragma once

#include "hub/deliver/cursor.h"
#include "hub/route/decision.h"

#include <algorithm>
#include <deque>
#include <string>

namespace hub {

class Backlog {
 public:
  Backlog(std::string sink, Cursor cursor);

  // Decisions below `end` are in the journal already (a restart): refill() reads them.
  void expect(Offset end) { known_end_ = std::max(known_end_, end); }
  // The router's news: this decision is durable at `record`. Taken at once when it is the next one for this sink and
  // there is room; otherwise the sink reads it from the journal later.
  void offer(const Decision& decision, Offset record);
  // Reads decisions from the journal while the lane is low and there are any. Io: try again later; nothing is skipped
  // by it.
  core::Result<> refill(Journal& journal);

  bool is_empty() const { return waiting_.empty(); }
  bool is_behind() const { return scan_ < known_end_; }  // decisions lie in the journal that refill() has not read
  std::uint64_t waiting() const { return count_; }  // offsets in the ranges held here, not the whole queue
  // The run that the next alert is part of: how many offsets after it are surely this sink's too.
  std::uint64_t run_length() const {
    return waiting_.empty() ? 0 : waiting_.front().last.value - waiting_.front().first.value + 1;
  }
  // The next alert; from now on it is in the window until it is settled. Nothing waits: nullopt.
  std::optional<Offset> take();

  Cursor& cursor() { return cursor_; }
  const Cursor& cursor() const { return cursor_; }
  std::optional<Offset> next_waiting() const;

 private:
  void cover(const Decision& decision);
  void pass_what_is_left();

  std::string sink_;
  Cursor cursor_;
  Offset taken_;      // everything below it has been taken or passed
  Offset covered_;    // decisions are known for everything below it
  Offset scan_;       // where the next decision record is looked for
  Offset known_end_;  // one past the newest decision record that the router told of
  std::deque<OffsetRange> waiting_;
  std::uint64_t count_ = 0;
};

}  // namespace hub
