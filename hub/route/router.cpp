#include "hub/route/router.h"

#include "core/log.h"

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
constexpr const char* kUndecodable = "undecodable";
}  // namespace

Router::Router(asio::io_context& loop, Journal& journal, AlertReader& reader, Metrics& metrics, RouteTable table)
    : loop_{loop},
      journal_{journal},
      reader_{reader},
      metrics_{metrics},
      table_{std::move(table)},
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

  // A decision lies behind its alerts, so those not yet counted are all above the cursor.
  for (Offset at = decided_; at < journal_.durable_end();) {
    auto page = journal_.read(at, {.records = 64, .bytes = 1 << 20}, static_cast<std::uint8_t>(RecordType::Decision));
    if (!page) return core::in_context("read the decisions back", page.error());
    for (const Record& record : page->records) {
      const auto decision = decode_decision(record.payload);
      if (!decision) {
        core::log_error("decision_unreadable",
                        {{"offset", std::to_string(record.offset.value)}, {"why", decision.error().what}});
      } else if (decision->to > decided_) {
        announce(*decision, record.offset);
      }
    }
    if (page->next <= at) break;
    at = page->next;
  }
  scan_ = decided_;
  routed_to_ = decided_.value;
  return {};
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
  into.cursors[kName] = {.position = decided_, .settled_above = {}, .decisions_from = decided_};
}

void Router::decide_next() {
  if (before_look_) before_look_();
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
    under_way_ = std::move(decision);
    append();
    return;
  }
}

void Router::draft(Decision& decision, const Journal::Page& page) {
  unrouted_ = 0;
  suppressed_.clear();
  matched_.clear();
  std::optional<Verdict> last;  // of the run being built
  for (const Record& record : page.records) {
    Verdict verdict;
    if (const auto alert = reader_.decode(record)) {
      verdict = table_.decide(**alert);
    } else {
      // It was valid once: a newer hub wrote it, or limits of the format changed. It stays in the journal, for replay.
      verdict.suppressed_by = kUndecodable;
      core::log_error("alert_undecodable",
                      {{"offset", std::to_string(record.offset.value)}, {"why", alert.error().what}});
    }
    for (const std::uint32_t route : verdict.routes) ++matched_[table_.routes()[route].name];
    if (!verdict.suppressed_by.empty()) ++suppressed_[verdict.suppressed_by];
    if (verdict.suppressed_by.empty() && verdict.sinks.empty()) ++unrouted_;

    const bool same = last && last->sinks == verdict.sinks && last->suppressed_by == verdict.suppressed_by &&
                      decision.runs.back().first.value + decision.runs.back().count == record.offset.value;
    if (same) {
      ++decision.runs.back().count;
      continue;
    }
    DecisionRun run{.first = record.offset, .count = 1, .sinks = {}, .suppressed_by = verdict.suppressed_by};
    for (const std::uint32_t sink : verdict.sinks) run.sinks.push_back(table_.guards()[sink].sink);
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
    return again_in_a_second();
  }
  if (!trouble_.empty()) core::log_info("decision_written_again");
  trouble_.clear();

  if (unrouted_ > 0) metrics_.add(Metric::AlertsUnrouted, {}, static_cast<double>(unrouted_));
  for (const auto& [reason, count] : suppressed_)
    metrics_.add(Metric::Suppressed, {reason}, static_cast<double>(count));
  for (const auto& [route, count] : matched_)
    metrics_.add(Metric::RouteMatched, {route}, static_cast<double>(count));
  const Decision decision = std::move(under_way_);
  announce(decision, *result);
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
