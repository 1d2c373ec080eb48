// What one sink has before it: the decided alerts that it has not looked at yet, as ranges of offsets, and its cursor.
// Reads decision records, never routes. A backlog of millions is a few ranges here: decisions are read page by page,
// when the lane runs low.
//
//   position ≤ taken ≤ covered: settled | in the window (unsettled, held by the worker as offsets) | ranges waiting |
//   not decided yet
#pragma once

#include "hub/deliver/cursor.h"
#include "hub/deliver/lost_decisions.h"
#include "hub/route/decision.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

namespace hub {

class Backlog {
 public:
  Backlog(std::string sink, Cursor cursor);

  // A restart: below `end` the journal has decisions already, which refill() reads, for every alert below `decided`.
  void expect(Offset end, Offset decided) {
    known_end_ = std::max(known_end_, end);
    surely_decided_ = decided;
  }
  // The router's news: this decision is durable at `record`. Taken at once when it is the next one for this sink and
  // there is room; otherwise the sink reads it from the journal later.
  void offer(const Decision& decision, Offset record);
  // Reads decisions from the journal while the lane is low and there are any; what the journal has lost is decided
  // again. Io: try again later; nothing is skipped by it.
  core::Result<> refill(Journal& journal, LostDecisions& lost);
  // Since the last call: a decision was lost; and how many alerts of this sink were in no total.
  struct FoundAgain {
    bool any = false;
    std::uint64_t uncounted = 0;
  };
  FoundAgain take_found_again() { return std::exchange(found_again_, {}); }

  bool is_empty() const { return waiting_.empty(); }
  // There are decisions that refill() has not read.
  bool is_behind() const { return scan_ < known_end_ || covered_ < surely_decided_; }
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
  core::Result<> fill_gap(LostDecisions& lost, Offset to);
  void pass_what_is_left();

  std::string sink_;
  Cursor cursor_;
  Offset taken_;      // everything below it has been taken or passed
  Offset covered_;    // decisions are known for everything below it
  Offset scan_;       // where the next decision record is looked for
  Offset known_end_;  // one past the newest decision record that the router told of
  Offset surely_decided_;
  FoundAgain found_again_;
  std::deque<OffsetRange> waiting_;
  std::uint64_t count_ = 0;
};

}  // namespace hub
