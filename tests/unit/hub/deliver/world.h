// A hub's delivery with twins around it: journal and state in memory, and receivers that answer as the test says and
// count what they got. The receivers and the test's list of sent alerts outlive every crash: they are the oracle
// outside.
#pragma once

#include "hub/deliver/delivery.h"
#include "tests/support/memory_journal.h"
#include "tests/support/memory_state.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace tests {

// One destination: what it answers, and what it took. Alerts are known by their rule.
struct Receiver {
  explicit Receiver(std::string name_) : name{std::move(name_)} {}

  std::string name;
  core::Priority minimumpriority = core::Priority::Debug;
  hub::RetryPolicy retry{.initial = std::chrono::milliseconds{1},
                         .multiplier = 2,
                         .max = std::chrono::milliseconds{20},
                         .probe_max = std::chrono::milliseconds{10},
                         .max_attempts = 10};
  hub::QueuePolicy queue;
  outputs::Limits limits;
  std::function<core::Outcome(const core::Alert&)> answer = [](const core::Alert&) { return core::Delivered{}; };
  std::function<core::Outcomes(const std::vector<std::string>& rules)> answer_batch;  // instead of `answer`, when set
  std::function<std::string(const core::Alert&)> destination = [](const core::Alert&) { return std::string{}; };
  std::set<std::string> hangs;  // rules that it never answers; ends in Retry after hang_for
  core::Duration hang_for = std::chrono::milliseconds{20};
  core::Duration latency{};

  std::map<std::string, unsigned> delivered;  // rule → how often
  std::vector<std::vector<std::string>> requests;
  unsigned under_way = 0, most_under_way = 0;
  bool closed = false;
};

std::unique_ptr<outputs::Output> scripted(Receiver& receiver);
hub::NewRecord alert_record(const std::string& rule, core::Priority priority = core::Priority::Warning,
                            const std::vector<std::string>& tags = {});

class World {
 public:
  World();
  ~World();

  Receiver& sink(const std::string& name);  // adds it (again), or finds it
  void remove(const std::string& name);     // from the configuration of the next start
  std::vector<hub::Route> routes;

  void start();                                                      // builds the delivery of now
  void stop(core::Duration grace = std::chrono::milliseconds{100});  // in order
  void crash();                                                      // kill -9: what is not durable is gone

  void send(const std::string& rule, core::Priority priority = core::Priority::Warning,
            std::vector<std::string> tags = {});
  void send(std::size_t count, const std::string& prefix = "r");  // prefix0 …; in one append

  bool run_until(const std::function<bool()>& condition, core::Duration patience = std::chrono::seconds{10});
  bool drain();  // until everything is decided and no sink has anything left
  void run_for(core::Duration duration);

  hub::SinkStatus status(const std::string& name) const;
  bool balanced() const;  // the accounting invariant, for every sink
  std::set<std::string> lost(
      const std::string& name) const;  // sent, and neither delivered to that sink nor a dead letter

  MemoryJournal journal;
  MemoryState state;
  std::unique_ptr<hub::Metrics> metrics;
  std::vector<std::string> sent;

 private:
  std::map<std::string, std::unique_ptr<Receiver>> receivers_;
  std::vector<std::string> order_;
  std::unique_ptr<boost::asio::io_context> loop_;
  std::unique_ptr<hub::Delivery> delivery_;
};

}  // namespace tests
