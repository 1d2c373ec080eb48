// The way of an event through the detector: sensor → ruleset → emitter, on one thread, the sensor's. Around it what must not stop it: rules
// loaded again on a thread of their own and swapped in between two polls, drops counted and said, signals looked at.
//
// Our own doings must not become alerts about alerts: events of this process, and of what it starts (program_output), are left out.
#pragma once

#include "detector/drop_monitor.h"
#include "detector/emit/emitter.h"
#include "detector/emit/internal_alert.h"
#include "detector/rules/engine.h"
#include "detector/sensor/recording.h"
#include "detector/sensor/sensor.h"
#include "detector/signals.h"
#include "detector/tally.h"

#include <chrono>
#include <functional>
#include <future>
#include <iosfwd>
#include <optional>

namespace detector {

struct PipelineOptions {
  AlertStyle style;
  EventDrops drops;
  Metrics metrics;
  std::function<Loaded()> load;                 // SIGHUP: reads and compiles the rule files again; called on another thread
  std::function<Requests()> requests = take_requests;
  std::optional<std::chrono::seconds> stop_after;
  std::ostream* record = nullptr;               // --record: each event that a rule could match, as a line
  bool live = true;                             // false, a recording: has no events of our own, and can wait for slow outputs
};

class Pipeline {
 public:
  Pipeline(Sensor& sensor, std::unique_ptr<Ruleset> ruleset, Emitter& emitter, PipelineOptions options);

  // Until the source ends, a signal says stop, or stop_after has passed. Fault: the sensor failed.
  core::Result<> run();

  const Tally& tally() const { return tally_; }
  const DropMonitor& drops() const { return drops_; }

 private:
  void on_event(Event& event);
  bool is_own(const Process& process) const;
  bool tick();                                  // once a second; false: syscall_event_drops says exit
  void tell_output_drops();
  void tell_metrics(core::TimePoint now);
  void begin_reload();
  void finish_reload();
  void tell(InternalAlert alert);

  Sensor& sensor_;
  std::unique_ptr<Ruleset> ruleset_;
  std::vector<bool> types_;                     // which event types the rules can match
  Emitter& emitter_;
  const PipelineOptions options_;
  DropMonitor drops_;
  Tally tally_;
  std::future<Loaded> loading_;
  bool reload_again_ = false;                   // asked for while one was under way
  const std::int64_t own_pid_;
  const core::TimePoint started_;
  core::TimePoint next_snapshot_;
  std::uint64_t output_drops_ = 0, events_at_snapshot_ = 0;
  SaidOfProcesses said_;                        // --record's memory
  Event* event_ = nullptr;                      // the one being evaluated, for on_match_
  std::function<void(Match&&)> on_match_;
};

}  // namespace detector
