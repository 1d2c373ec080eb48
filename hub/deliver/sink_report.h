// What people see of one sink: totals (the accounting invariant: routed = delivered + dead letters + dropped + queued),
// metrics, status, and log lines when its state changes, not at each failure. Written by the delivery loop; status()
// from any thread.
#pragma once

#include "hub/deliver/delivery.h"

#include <mutex>

namespace hub {

class SinkReport {
 public:
  enum class State { Ok, Degraded, Throttled, Paused };

  SinkReport(std::string name, std::string kind, Metrics& metrics, SinkTotals totals);

  void routed(std::uint64_t count);
  void delivered(std::uint64_t count);
  void buried(std::string_view reason,
              const DeadLetter& letter);  // logs one a second: the rest is in metrics and state.db
  void dropped(std::string_view reason, std::uint64_t count);

  void attempted(const core::Outcomes& outcomes);  // of one request
  void took(core::Duration request) { metrics_.observe(Metric::SinkRequestSeconds, {name_}, seconds(request)); }
  void end_to_end(core::Duration whole) { metrics_.observe(Metric::EndToEndSeconds, {name_}, seconds(whole)); }

  // Logs a change of state or of the reason, and the return to Ok with how long it took.
  enum class Log { No, Yes };  // No: seen in status and metrics alone
  void become(State state, const std::string& why, Log log = Log::Yes);
  // A reload gave the sink another output, of this kind: what was wrong with the old one says nothing of it.
  void begin_anew(const std::string& kind);
  void oldest_age(core::Duration age);
  void next_attempt(core::Duration wait);

  std::uint64_t queued() const;
  SinkTotals totals() const;
  SinkStatus status() const;

 private:
  static double seconds(core::Duration duration) { return std::chrono::duration<double>(duration).count(); }
  void show_queue();  // holds the mutex

  const std::string name_;
  std::string kind_;
  Metrics& metrics_;
  State state_ = State::Ok;
  bool logged_ = false;  // that it is not ok
  core::TimePoint troubled_since_, last_letter_logged_;
  std::uint64_t failed_attempts_ = 0;  // since then
  mutable std::mutex mutex_;           // guards what follows
  SinkStatus status_;
};

}  // namespace hub
