#include "hub/deliver/backlog.h"

#include "core/log.h"

#include <algorithm>

namespace hub {
namespace {
constexpr std::size_t kMostRanges = 4096;  // beyond this, decisions stay in the journal until there is room
constexpr std::size_t kLow = 256;
}  // namespace

Backlog::Backlog(std::string sink, Cursor cursor)
    : sink_{std::move(sink)}, cursor_{std::move(cursor)}, taken_{cursor_.position()}, covered_{taken_}, scan_{taken_} {}

void Backlog::offer(const Decision& decision, Offset record) {
  // `scan_ == from` would miss the decision records in between; what counts is that no decision lies between what is
  // covered and this one.
  const bool next = covered_ >= decision.from && scan_ >= known_end_;
  known_end_ = record.next();
  if (!next || waiting_.size() >= kMostRanges) return;
  cover(decision);
  scan_ = record.next();
}

core::Result<> Backlog::refill(Journal& journal, LostDecisions& lost) {
  while (waiting_.size() < kLow && scan_ < known_end_) {
    auto page = journal.read(scan_, {.records = 16, .bytes = 1 << 20}, static_cast<std::uint8_t>(RecordType::Decision));
    if (!page) return page.error();
    for (const Record& record : page->records) {
      const auto decision = decode_decision(record.payload);
      if (!decision) {
        core::log_error(
            "decision_unreadable",
            {{"sink", sink_}, {"offset", std::to_string(record.offset.value)}, {"why", decision.error().what}});
        continue;
      }
      if (auto filled = fill_gap(lost, decision->from); !filled) return filled;
      cover(*decision);
    }
    if (page->next <= scan_) break;
    scan_ = page->next;
  }
  if (scan_ >= known_end_) return fill_gap(lost, surely_decided_);  // the last decision itself may be the one that is lost
  return {};
}

// Decisions follow each other without a gap: each begins where the one before it ended.
core::Result<> Backlog::fill_gap(LostDecisions& lost, Offset to) {
  const Offset from = covered_;
  std::uint64_t alerts = 0, mine = 0;
  while (covered_ < to) {
    const auto again = lost.decide_again(covered_, to);
    if (!again) return again.error();
    for (const DecisionRun& run : again->runs) alerts += run.count;
    found_again_.uncounted += lost.count_uncounted(*again, sink_);
    const std::uint64_t before = count_;
    cover(*again);
    mine += count_ - before;
  }
  if (alerts == 0) return {};
  found_again_.any = true;
  core::log_error("decisions_missing", {{"sink", sink_},
                                        {"from", std::to_string(from.value)},
                                        {"to", std::to_string(to.value)},
                                        {"alerts", std::to_string(alerts)},
                                        {"for_this_sink", std::to_string(mine)},
                                        {"effect", "decided again by the routes of now"}});
  return {};
}

std::optional<Offset> Backlog::take() {
  while (!waiting_.empty()) {
    OffsetRange& range = waiting_.front();
    const Offset offset = range.first;
    cursor_.pass(taken_, offset);  // what lies between was never this sink's
    taken_ = offset.next();
    --count_;
    if (range.first == range.last) {
      waiting_.pop_front();
    } else {
      range.first = range.first.next();
    }
    const bool done = cursor_.is_settled(offset);  // before a restart
    pass_what_is_left();
    if (!done) return offset;
  }
  return std::nullopt;
}

std::optional<Offset> Backlog::next_waiting() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.front().first;
}

void Backlog::cover(const Decision& decision) {
  for (const DecisionRun& run : decision.runs) {
    if (std::find(run.sinks.begin(), run.sinks.end(), sink_) == run.sinks.end()) continue;
    const Offset first = std::max(run.first, covered_);  // decided again: the first decision stands
    const Offset end{run.first.value + run.count};
    if (first >= end) continue;
    count_ += end.value - first.value;
    if (!waiting_.empty() && waiting_.back().last.next() == first) {
      waiting_.back().last = {end.value - 1};
    } else {
      waiting_.push_back({first, {end.value - 1}});
    }
  }
  covered_ = std::max(covered_, decision.to);
  pass_what_is_left();
}

// With nothing waiting, all that is decided is behind us: so the cursor of an idle sink follows the router and does not
// pin the journal.
void Backlog::pass_what_is_left() {
  if (!waiting_.empty() || taken_ >= covered_) return;
  cursor_.pass(taken_, covered_);
  taken_ = covered_;
}

}  // namespace hub
