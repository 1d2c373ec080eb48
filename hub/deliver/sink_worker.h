// Room 10, one sink: takes its decided alerts from the backlog, sends them in requests of at most limits() and gives
// each outcome its one answer. Two lanes: due retries first, else the next decided alerts; so an alert that fails never
// stands before one that would not. sink_worker.cpp decides what goes out when; sink_settle.cpp what becomes of it. The
// delivery loop's.
#pragma once

#include "hub/deliver/alert_reader.h"
#include "hub/deliver/backlog.h"
#include "hub/deliver/backoff.h"
#include "hub/deliver/checkpoint.h"
#include "hub/deliver/holds.h"
#include "hub/deliver/retry_queue.h"
#include "hub/deliver/sink_report.h"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <memory>
#include <random>

namespace hub {

class SinkWorker : public Tracked {
 public:
  // What the sinks share. All of it outlives them.
  struct Shared {
    boost::asio::io_context& loop;
    Journal& journal;
    AlertReader& reader;
    Checkpoint& checkpoint;
    Metrics& metrics;
    LostDecisions& lost;
  };

  SinkWorker(Shared shared, Sink sink, Cursor cursor, SinkTotals totals);

  const std::string& name() const { return sink_.name; }
  SinkReport& report() { return report_; }
  const SinkReport& report() const { return report_; }
  Backlog& backlog() { return backlog_; }

  void offer(const Decision& decision, Offset record);  // durable news of the router
  void routed(std::uint64_t count);
  void dropped(std::string_view reason, std::uint64_t count);
  void pump();     // sends whatever may go now, and sets the alarm for what may go later
  void observe();  // once a second: the age of its oldest alert

  // The end is near: from now on batches do not wait to be full, and a sink that is unwell is not probed.
  void drain();
  bool has_work() const;  // under way, or due now. A sink that is unwell has none: whoever waits for it may wait long
  bool is_unwell() const;
  void stop() { stopping_ = true; }  // nothing new goes out
  bool is_idle() const { return flights_.empty(); }
  void cancel();  // what is under way ends soon; outcomes still count
  void on_idle(std::function<void()> listener) { on_idle_ = std::move(listener); }
  outputs::Output& output() { return *sink_.output; }

  // A reload changed its options: from now on alerts go by the new output. Queue, cursor and totals stay; holds and
  // backoff begin anew. What is under way with the old one is delivered if it says so, and sent again if not.
  void replace(Sink sink);
  std::size_t fingerprint() const { return sink_.fingerprint; }

  void collect(StateChange& into) const override;
  Offset position() const override { return backlog_.cursor().position(); }
  std::uint64_t version() const override { return version_; }

 private:
  // An alert in the window: taken from the backlog, not settled.
  struct Pending {
    unsigned attempts = 0;            // tries that came to Retry
    unsigned strikes = 0;             // those of them while the sink was not down
    unsigned faults = 0;              // failures that others' deliveries followed, and no outage: its own fault
    bool may_be_its_fault = false;    // its last failure was not one of an outage
    std::uint64_t others_before = 0;  // deliveries to this sink before its last failure
    std::uint64_t outages_before = 0;
    std::string destination;  // what its outcomes are about; "": the sink
    bool parked = false;      // waits for a destination of its own that a human must look at
  };
  // One request under way.
  struct Flight {
    enum class Lane { Main, Retry, Bisect } lane = Lane::Main;
    bool probe = false;  // sent while the breaker was open
    std::vector<Offset> offsets;
    std::vector<core::AlertRef> alerts;
    std::size_t bytes = 0;
    unsigned generation = 0;  // of the output it went by
    Instant started;
    std::shared_ptr<boost::asio::cancellation_signal> cancel;
  };
  using FlightPointer = std::list<Flight>::iterator;

  // sink_worker.cpp
  bool plan(Flight& flight, const outputs::Limits& limits, Instant now, std::optional<Instant>& wake);
  bool fill_probe(Flight& flight, const outputs::Limits& limits, Instant now);
  bool fill_bisect(Flight& flight, const outputs::Limits& limits, Instant now);
  bool fill_retries(Flight& flight, const outputs::Limits& limits, Instant now);
  bool fill_main(Flight& flight, const outputs::Limits& limits, std::size_t most, Instant now);
  enum class Admitted { Yes, TooLarge, No };
  Admitted admit(Flight& flight, const outputs::Limits& limits, Offset offset, std::uint64_t run, Instant now);
  bool has_fresh() const { return held_over_ || !backlog_.is_empty(); }
  std::optional<Offset> take_fresh();
  void launch(Flight flight);
  void arm(std::optional<Instant> wake, Instant now);
  double chance() { return std::uniform_real_distribution<double>{0, 1}(random_); }

  // sink_settle.cpp
  void landed(FlightPointer flight, const std::exception_ptr& thrown, core::Outcomes outcomes);
  void landed_late(const Flight& flight, const core::Outcomes& outcomes, Instant now);
  void close_retired();
  void settle_delivered(Flight& flight, std::size_t index);
  void settle_retry(Flight& flight, std::size_t index, const core::Retry& retry, Instant now);
  void settle_hold(Flight& flight, std::size_t index, Holds::Kind kind, core::About about, const std::string& why,
                   core::Duration wait, Instant now);
  bool park(Offset offset, const core::Alert& alert, Instant until);
  void bury(Offset offset, const core::Alert& alert, std::string_view kind, const std::string& why);
  void give_up(Offset offset, const core::Alert& alert, std::string_view kind, const std::string& why);
  bool expire(Offset offset, const core::Alert& alert);
  void expire_oldest();
  core::Duration age_of(const core::Alert& alert) const;
  void bisect(const Flight& flight);
  void forget(Offset offset);
  void drop(Offset offset, std::string_view reason, const std::string& why);
  void release(const std::string& destination);
  void show_state();
  void balance();

  static constexpr std::size_t kWindow = 10'000;
  static constexpr std::size_t kMostParked = kWindow / 2;

  Shared shared_;
  Sink sink_;
  unsigned generation_ = 0;
  std::vector<std::pair<unsigned, std::shared_ptr<outputs::Output>>> retired_;  // what is under way went by them
  Backlog backlog_;
  SinkReport report_;
  std::map<Offset, Pending> window_;
  RetryQueue retries_{RetryQueue::Limits{.capacity = kWindow + 1}};
  std::list<std::vector<Offset>> bisections_;  // parts of a batch refused as a whole; each goes out alone
  std::size_t parked_ = 0;
  bool more_soon_ = false;           // the main lane has more to look at, but not in this turn of the loop
  std::optional<Offset> held_over_;  // did not fit into the last request of the main lane
  Holds holds_;
  Breaker breaker_;
  TokenBucket bucket_;
  std::list<Flight> flights_;
  Instant retries_rest_until_{};          // a failed retry earns the main lane as much time as it took
  std::optional<Instant> waiting_since_;  // the main lane has something, but not a full batch
  std::uint64_t delivered_here_ = 0;      // since the start
  std::size_t sent_ = 0;                  // requests since the start
  std::uint64_t outages_ = 0;             // how often it was found down, since the start
  std::string last_retry_;                // why, for the breaker
  Instant drop_logged_{};
  std::uint64_t drops_not_logged_ = 0;
  bool probe_newest_ = false, bisected_last_ = false, draining_ = false, stopping_ = false, pumping_ = false,
       pump_again_ = false, in_outage_ = false, journal_troubled_ = false, balanced_ = false;
  std::uint64_t version_ = 1;
  Offset oldest_known_;
  core::TimePoint oldest_received_{};
  const core::TimePoint began_at_ = core::now();
  const Instant began_ = Instant::clock::now();
  boost::asio::steady_timer timer_;
  std::function<void()> on_idle_;
  std::minstd_rand random_{std::random_device{}()};
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace hub
