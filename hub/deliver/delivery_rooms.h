// What Delivery holds: the router, a worker a sink, and what they share. delivery.cpp opens, runs and stops it;
// delivery_reload.cpp changes it while it runs.
#pragma once

#include "hub/deliver/delivery.h"
#include "hub/deliver/lost_decisions.h"
#include "hub/deliver/removed_sink.h"
#include "hub/deliver/sink_worker.h"
#include "hub/route/router.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hub {

struct Delivery::Rooms {
  Rooms(boost::asio::io_context& loop_, Journal& journal_, StateStore& state_, Metrics& metrics_, Outputs outputs);

  core::Result<> start();
  core::Result<> open_sinks(const std::map<std::string, CursorState>& cursors,
                            const std::map<std::string, SinkTotals>& totals);
  core::Result<std::unique_ptr<SinkWorker>> open_sink(Sink sink, const CursorState* saved, SinkTotals before,
                                                      Offset begin);
  core::Result<std::uint64_t> count_queue(const SinkWorker& sink) const;
  core::Result<> find_removed(const std::map<std::string, CursorState>& cursors,
                              const std::map<std::string, SinkTotals>& totals);
  core::Result<> save_first();
  void on_decided(const Decision& decision, Offset record);
  void pump_all();

  // delivery_reload.cpp
  core::Result<> admit(Sink sink);
  void let_go(std::unique_ptr<SinkWorker> sink);
  void depart(const SinkWorker* sink);
  SinkWorker* find(std::string_view name) const;
  void tick();
  boost::asio::awaitable<void> drain(Instant until);
  boost::asio::awaitable<void> wait_for_flights(Instant until, Instant until_of_the_unwell);
  bool has_undecided() const;

  boost::asio::io_context& loop;
  Journal& journal;
  StateStore& state;
  Metrics& metrics;
  std::vector<Sink> configured;  // until start() makes workers of them
  AlertReader reader;
  Checkpoint checkpoint;
  Router router;
  LostDecisions lost;
  mutable std::mutex sinks_mutex;  // status() reads the list from other threads
  std::vector<std::unique_ptr<SinkWorker>> sinks;
  std::vector<std::unique_ptr<SinkWorker>> leaving;  // removed by a reload, with something under way
  std::vector<std::unique_ptr<RemovedSink>> removed_sinks;
  std::map<std::string, core::TimePoint> removed_since;  // without a backlog, too; for the first save
  std::map<std::string, SinkTotals> removed_totals;
  struct Departed {
    CursorState cursor;
    SinkTotals totals;
  };
  std::map<std::string, Departed> departed;            // sinks that have left, now or before the start, as they left
  std::map<std::string, std::uint64_t> routed_before;  // by start(): decisions read back before there are workers
  bool started = false;
  std::atomic<bool> woken{false};
  boost::asio::steady_timer timer;
  boost::asio::steady_timer idle_timer;
  std::shared_ptr<char> alive = std::make_shared<char>();
};

}  // namespace hub
