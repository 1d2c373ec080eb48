// Rooms 9 and 10 of an alert's journey: the router decides once whose an alert is, and one pump a sink delivers it.
// Everything runs on one io_context run by one thread (the delivery loop), so these rooms need no locks; what other
// threads may call says so.
#pragma once

#include "hub/deliver/sinks.h"
#include "hub/ingest/fresh_alerts.h"
#include "hub/ingest/mutations.h"
#include "hub/journal/journal.h"
#include "hub/metrics/metrics.h"
#include "hub/state/state_store.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace hub {

class Silences;

struct SinkStatus {
  std::string name, kind;
  std::string state;   // "ok", "degraded" (retrying), "throttled", "paused" (misconfigured: a human is needed)
  std::string reason;  // why it is not ok; "" when ok
  std::uint64_t routed = 0, delivered = 0, dead_letters = 0, dropped = 0, queued = 0;  // routed = the sum of the others
  double oldest_age_seconds = 0;                                                       // 0: nothing waits
  std::string last_error;                                                              // the last one ever, printable
  core::TimePoint last_error_at, last_delivered_at;                                    // zero: never
  double next_attempt_seconds = 0;                                                     // 0: now, or nothing waits
};

class Delivery {
 public:
  // All references outlive this.
  Delivery(boost::asio::io_context& loop, Journal& journal, StateStore& state, Metrics& metrics, Outputs outputs);
  ~Delivery();

  // Before the loop runs: reads cursors and totals, clamps what points below the journal, makes the cursors of new
  // sinks durable. Fault: the state cannot be read or written. After it, pumps begin as soon as the loop runs.
  core::Result<> start();

  // Before start(): where alerts that have just come in lie decoded, so that the router need not decode them again.
  void look_in(FreshAlerts& fresh);
  // Before start(), or on the loop: what is done to every alert that is read from the journal from now on.
  void mutate_with(MutationsRef mutations);

  // Before start(): what people silenced. Outlives this.
  void look_at(const Silences& silences);

  // Any thread: the journal's durable end moved.
  void wake();

  // On the loop, when nothing new comes in. For `grace` the router goes on with what is durable and the sinks with what
  // is due, less if they are through; a sink that is unwell (paused, throttled, its breaker open) delays nobody. Then
  // cancels what is under way, closes the outputs and saves cursors durably, in 2 s at most; what is left stays queued.
  boost::asio::awaitable<void> stop(core::Duration grace);

  // On the loop. True while there are durable alerts that are not decided, and so not in any queue yet.
  bool has_undecided() const;

  // On the loop, one at a time, not after stop(). New outputs and routes, for what is not decided yet, all at once: sinks
  // that are as they were keep everything; changed ones get the new output and keep their queue; new ones begin with
  // the first alert decided by the new routes, and their cursor is durable before that; removed ones finish what is
  // under way and keep their backlog for 7 days, to be found by a sink of that name.
  struct Reloaded {
    std::vector<std::string> added, changed, removed;
    std::size_t unchanged = 0;
  };
  boost::asio::awaitable<Reloaded> reload(Outputs outputs);

  // Any thread. Below it every alert is routed; it is the journal's durable end once all are.
  Offset routed_to() const;

  // Any thread.
  std::vector<SinkStatus> status() const;

 private:
  struct Rooms;
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace hub
