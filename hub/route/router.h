// Room 9: reads durable alerts in order, decides each once, and appends what it decided to the journal; sinks hear of a
// decision when it is durable. One append is under way at a time: alone it goes at once, under load it takes with it
// whatever came in meanwhile. After a crash the decisions above its cursor are read back from the journal, so that
// nothing is decided twice and nothing is skipped. The delivery loop's.
#pragma once

#include "hub/deliver/alert_reader.h"
#include "hub/deliver/checkpoint.h"
#include "hub/metrics/metrics.h"
#include "hub/route/decide.h"
#include "hub/route/decision.h"
#include "hub/route/stages.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

namespace hub {

class Router : public Tracked {
 public:
  static constexpr const char* kName = "@router";

  // `decided` hears of each durable decision, with the offset of its record.
  using Decided = std::function<void(const Decision&, Offset record)>;
  Router(boost::asio::io_context& loop, Journal& journal, AlertReader& reader, Metrics& metrics, RouteTable table);

  void look_at(const Silences& silences) { stages_.look_at(&silences); }  // before start()
  // A reload: for what is not decided yet. Routes that kept their name keep what is remembered for them.
  void replace(RouteTable table) { stages_.replace(std::move(table)); }
  const Stages& stages() const { return stages_; }

  // Before the loop runs: goes on at `saved` (nothing saved: at the journal's first record), and past every decision
  // found in the journal above it; `decided` is told of each of these too. What they made the router remember it
  // remembers again. Fault: the journal cannot be read.
  core::Result<> start(const CursorState* saved, Decided decided);

  void wake();  // there may be more to decide
  // Called before each look at the journal's end: what becomes durable after it needs a wake() again.
  void before_look(std::function<void()> listener) { before_look_ = std::move(listener); }
  void stop() { stopped_ = true; }
  bool is_appending() const { return appending_; }

  Offset decided() const { return decided_; }
  // Any thread. No alert below it is undecided; the journal's durable end once all are.
  Offset routed_to() const { return {routed_to_.load()}; }
  void collect(StateChange& into) const override;
  // What lies below it is needed neither to decide, nor to remember, nor for the digest of an open group.
  Offset position() const override;
  std::uint64_t version() const override { return decided_.value + remembers_from_.value; }  // both only grow

 private:
  core::Result<> read_back();
  void decide_next();
  bool send_due();
  bool keep_snapshot();
  void append_own(std::vector<NewRecord> records, std::function<void(Offset first)> then);
  void draft(Decision& decision, const Journal::Page& page);
  void append();
  void appended(const core::Result<Offset>& result);
  void announce(const Decision& decision, Offset record);
  void again_in_a_second();
  bool rests();

  boost::asio::io_context& loop_;
  Journal& journal_;
  AlertReader& reader_;
  Metrics& metrics_;
  Stages stages_;
  Decided decided_listener_;
  std::function<void()> before_look_;
  Offset decided_;  // every alert below it is decided, durably
  std::atomic<std::uint64_t> routed_to_{0};
  Offset scan_;  // where to look for the next alert; at or past decided_
  Decision under_way_;
  std::uint64_t unrouted_ = 0;  // of the decision under way
  std::map<std::string, std::uint64_t> suppressed_;
  std::map<std::string, std::uint64_t> matched_;  // by route
  Offset remembers_from_;  // the decisions from here on, and a snapshot if it is one, make what is remembered
  std::chrono::steady_clock::time_point look_for_due_, snapshot_due_;
  bool appending_ = false, stopped_ = false;
  std::string trouble_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer rest_;
  std::chrono::steady_clock::time_point rest_until_;
  bool resting_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace hub
