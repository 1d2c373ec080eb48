#include "hub/route/router.h"

#include "core/log.h"
#include "hub/route/digest.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <optional>

namespace hub {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {
constexpr Journal::ReadLimits kDecideAtOnce{.records = 2'000, .bytes = 2 << 20};  // some milliseconds of the loop
// Each decision is a record, and so its own part of a commit: under load one every few milliseconds covers many alerts.
constexpr auto kRest = 4ms;
constexpr auto kLookForDue = 1s;
constexpr auto kSnapshotEvery = 60s;  // the journal is held, and read at the next start, from the last one on
constexpr std::size_t kLargestSnapshot = 4'000'000;
constexpr const char* kUndecodable = "undecodable";
}  // namespace

Router::Router(asio::io_context& loop, Journal& journal, AlertReader& reader, Metrics& metrics, RouteTable table)
    : loop_{loop},
      journal_{journal},
      reader_{reader},
      metrics_{metrics},
      stages_{std::move(table), nullptr},
      timer_{loop},
      rest_{loop} {}

core::Result<> Router::start(const CursorState* saved, Decided decided) {
  decided_listener_ = std::move(decided);
  decided_ = saved != nullptr ? saved->position : journal_.first();
  if (decided_ < journal_.first()) {
    core::log_error("undecided_alerts_gone",
                    {{"from", std::to_string(decided_.value)}, {"to", std::to_string(journal_.first().value)}});
    decided_ = journal_.first();
  }
  decided_ = std::min(decided_, journal_.durable_end());

  remembers_from_ = saved != nullptr ? std::min(saved->decisions_from, decided_) : decided_;
  if (remembers_from_ < decided_) {
    const auto snapshot = journal_.read_one(saved->decisions_from);
    if (!snapshot && snapshot.error().fault != core::Fault::Io) {
      core::log_error("routing_memory_damaged", {{"offset", std::to_string(saved->decisions_from.value)},
                                                 {"why", snapshot.error().what},
                                                 {"effect", "rebuilt from every decision that is left"}});
      remembers_from_ = journal_.first();
    }
  }
  if (auto read = read_back(); !read) return read;
  if (stages_.memory().is_empty()) remembers_from_ = decided_;
  scan_ = decided_;
  routed_to_ = decided_.value;
  snapshot_due_ = std::chrono::steady_clock::now() + kSnapshotEvery;
  return {};
}

// A decision lies behind its alerts, so those not yet counted are all above the cursor.
core::Result<> Router::read_back() {
  for (Offset at = remembers_from_; at < journal_.durable_end();) {
    auto page = journal_.read(at, {.records = 64, .bytes = 1 << 20}, static_cast<std::uint8_t>(RecordType::Decision));
    if (!page) return core::in_context("read the decisions back", page.error());
    for (const Record& record : page->records) {
      const auto decision = decode_decision(record.payload);
      if (!decision) {
        core::log_error("decision_unreadable",
                        {{"offset", std::to_string(record.offset.value)}, {"why", decision.error().what}});
        continue;
      }
      for (const MemoryChange& change : decision->changes) {
        if (!stages_.memory().apply(change))
          core::log_error("routing_memory_damaged", {{"offset", std::to_string(record.offset.value)},
                                                     {"owner", change.owner},
                                                     {"effect", "what it held back goes out"}});
      }
      if (decision->to > decided_) announce(*decision, record.offset);
    }
    if (page->next <= at) break;
    at = page->next;
  }
  return {};
}

Offset Router::position() const {
  const Offset member = stages_.memory().oldest_member();
  const Offset needed = std::min(decided_, remembers_from_);
  return member.value > 0 ? std::min(needed, member) : needed;
}

void Router::wake() {
  if (!appending_ && !stopped_ && !rests()) decide_next();
}

// True while the last decision is not yet kRest old; wakes when it is.
bool Router::rests() {
  if (resting_) return true;
  if (std::chrono::steady_clock::now() >= rest_until_) return false;
  resting_ = true;
  rest_.expires_at(rest_until_);
  rest_.async_wait([this, alive = std::weak_ptr{alive_}](const boost::system::error_code&) {
    if (alive.expired()) return;
    resting_ = false;
    wake();
  });
  return true;
}

void Router::collect(StateChange& into) const {
  into.cursors[kName] = {
      .position = decided_, .settled_above = {}, .decisions_from = std::min(remembers_from_, decided_)};
}

void Router::decide_next() {
  if (before_look_) before_look_();
  if (keep_snapshot()) return;
  while (scan_ < journal_.durable_end()) {
    auto page = journal_.read(scan_, kDecideAtOnce, static_cast<std::uint8_t>(RecordType::Alert));
    if (!page) {
      if (trouble_ != page.error().what)
        core::log_error("journal_not_read", {{"by", "router"}, {"why", page.error().what}});
      trouble_ = page.error().what;
      return again_in_a_second();
    }
    trouble_.clear();
    if (page->next <= scan_) return;
    scan_ = page->next;
    if (page->records.empty()) {  // only our own decisions
      routed_to_ = scan_.value;
      continue;
    }

    Decision decision{.from = decided_, .to = scan_, .runs = {}};
    draft(decision, *page);
    decision.changes = stages_.memory().changes();
    under_way_ = std::move(decision);
    append();
    return;
  }
  send_due();
}

// Digests and summaries, when everything that is durable is decided: one that was kept before a crash is decided by
// then, and what it tells of is not owed any more.
bool Router::send_due() {
  const auto now = std::chrono::steady_clock::now();
  if (stages_.memory().is_empty() || (now < look_for_due_ && !stages_.is_any_full())) return false;
  look_for_due_ = now + kLookForDue;
  std::vector<NewRecord> records;
  for (const Due& due : stages_.due(core::now())) {
    const auto& routes = stages_.table().routes();
    const auto route =
        std::find_if(routes.begin(), routes.end(), [&](const Route& each) { return each.name == due.owner; });
    const Route* its = route == routes.end() ? nullptr : &*route;
    if (due.stage == Stage::Throttle) {
      const auto sample = reader_.fetch(due.sample);
      records.push_back(to_record(summary_of(due, its, sample ? *sample : nullptr), core::now()));
      continue;
    }
    std::vector<core::AlertRef> members;
    for (const Offset member : due.members) {
      auto alert = reader_.fetch(member);
      if (alert) {
        members.push_back(std::move(*alert));
      } else if (alert.error().fault == core::Fault::Io) {
        again_in_a_second();  // it may be readable then
        return false;
      }
    }
    records.push_back(to_record(digest_of(due, its, members), core::now()));
  }
  if (records.empty()) return false;
  metrics_.add(Metric::OwnAlerts, {"router"}, static_cast<double>(records.size()));
  append_own(std::move(records), [](Offset) {});
  return true;
}

// All that is remembered, in one record, so that the next start need not read further back and the journal may go.
bool Router::keep_snapshot() {
  const auto now = std::chrono::steady_clock::now();
  if (now < snapshot_due_) return false;
  snapshot_due_ = now + kSnapshotEvery;
  stages_.memory().sweep(core::now());
  if (stages_.memory().is_empty()) remembers_from_ = std::max(remembers_from_, decided_);
  if (stages_.memory().is_empty() || decided_ <= remembers_from_) return false;
  std::string record =
      encode(Decision{.from = decided_, .to = decided_, .runs = {}, .changes = stages_.memory().snapshot()});
  if (record.size() > kLargestSnapshot) {
    core::log_warning("routing_memory_large", {{"bytes", std::to_string(record.size())},
                                               {"effect", "the journal is kept from an older one on"}});
    return false;
  }
  std::vector<NewRecord> records;
  records.push_back({RecordType::Decision, std::move(record)});
  append_own(std::move(records), [this](Offset at) { remembers_from_ = at; });
  return true;
}

// Nothing is decided meanwhile.
void Router::append_own(std::vector<NewRecord> records, std::function<void(Offset)> then) {
  appending_ = true;
  journal_.append(std::move(records), [this, &loop = loop_, alive = std::weak_ptr{alive_},
                                       then = std::move(then)](core::Result<Offset> result) {
    asio::post(loop, [this, alive, then, result = std::move(result)] {
      if (alive.expired()) return;
      appending_ = false;
      if (!result) {
        if (trouble_ != result.error().what) core::log_error("own_alert_not_kept", {{"why", result.error().what}});
        trouble_ = result.error().what;
        return again_in_a_second();
      }
      then(*result);
      wake();
    });
  });
}

void Router::draft(Decision& decision, const Journal::Page& page) {
  unrouted_ = 0;
  suppressed_.clear();
  matched_.clear();
  std::optional<Verdict> last;  // of the run being built
  for (const Record& record : page.records) {
    Verdict verdict;
    if (const auto alert = reader_.decode(record)) {
      verdict = stages_.decide(**alert, record.offset);
    } else {
      // It was valid once: a newer hub wrote it, or limits of the format changed. It stays in the journal, for replay.
      verdict.hold(kUndecodable);
      core::log_error("alert_undecodable",
                      {{"offset", std::to_string(record.offset.value)}, {"why", alert.error().what}});
    }
    for (const std::uint32_t route : verdict.routes) ++matched_[stages_.table().routes()[route].name];
    for (const std::string& reason : verdict.reasons)
      ++suppressed_[reason.starts_with("silence ") ? std::string{"silence"} : reason];  // no label a silence
    if (verdict.suppressed_by.empty() && verdict.sinks.empty()) ++unrouted_;

    const bool same = last && last->sinks == verdict.sinks && last->suppressed_by == verdict.suppressed_by &&
                      decision.runs.back().first.value + decision.runs.back().count == record.offset.value;
    if (same) {
      ++decision.runs.back().count;
      continue;
    }
    DecisionRun run{.first = record.offset, .count = 1, .sinks = {}, .suppressed_by = verdict.suppressed_by};
    for (const std::uint32_t sink : verdict.sinks) run.sinks.push_back(stages_.table().guards()[sink].sink);
    decision.runs.push_back(std::move(run));
    last = std::move(verdict);
  }
}

void Router::append() {
  appending_ = true;
  rest_until_ = std::chrono::steady_clock::now() + kRest;
  std::vector<NewRecord> records;
  records.push_back({RecordType::Decision, encode(under_way_)});
  journal_.append(std::move(records),
                  [this, &loop = loop_, alive = std::weak_ptr{alive_}](core::Result<Offset> result) {
                    asio::post(loop, [this, alive, result = std::move(result)] {
                      if (!alive.expired()) appended(result);
                    });
                  });
}

void Router::appended(const core::Result<Offset>& result) {
  appending_ = false;
  if (!result) {
    if (trouble_ != result.error().what) core::log_error("decision_not_written", {{"why", result.error().what}});
    trouble_ = result.error().what;
    scan_ = decided_;  // decide again: nothing of it was kept
    stages_.memory().undo();
    (void)stages_.take_overflows();
    return again_in_a_second();
  }
  if (!trouble_.empty()) core::log_info("decision_written_again");
  trouble_.clear();

  if (unrouted_ > 0) metrics_.add(Metric::AlertsUnrouted, {}, static_cast<double>(unrouted_));
  for (const auto& [reason, count] : suppressed_)
    metrics_.add(Metric::Suppressed, {reason}, static_cast<double>(count));
  for (const auto& [route, count] : matched_) metrics_.add(Metric::RouteMatched, {route}, static_cast<double>(count));
  for (const auto& [route, count] : stages_.take_overflows())
    metrics_.add(Metric::RouteOverflow, {route}, static_cast<double>(count));
  stages_.memory().keep();
  const Decision decision = std::move(under_way_);
  announce(decision, *result);
  if (stages_.memory().is_empty()) remembers_from_ = decided_;
  routed_to_ = decided_.value;
  wake();
}

void Router::announce(const Decision& decision, Offset record) {
  decided_listener_(decision, record);
  decided_ = std::max(decided_, decision.to);
}

void Router::again_in_a_second() {
  timer_.expires_after(1s);
  timer_.async_wait([this, alive = std::weak_ptr{alive_}](const boost::system::error_code& error) {
    if (!error && !alive.expired()) wake();
  });
}

}  // namespace hub
