#include "hub/deliver/sink_report.h"

#include "core/log.h"
#include "core/text.h"

#include <array>

namespace hub {
namespace {

constexpr std::array<std::string_view, 5> kOutcomes{"delivered", "retry", "throttle", "reject",
                                                    "misconfigured"};  // in the variant's order

std::string_view word(SinkReport::State state) {
  switch (state) {
    case SinkReport::State::Ok:
      return "ok";
    case SinkReport::State::Degraded:
      return "degraded";
    case SinkReport::State::Throttled:
      return "throttled";
    case SinkReport::State::Paused:
      return "paused";
  }
  return "";
}

std::string why_of(const core::Outcome& outcome) {
  if (const auto* retry = std::get_if<core::Retry>(&outcome)) return retry->why;
  if (const auto* reject = std::get_if<core::Reject>(&outcome)) return reject->why;
  if (const auto* fault = std::get_if<core::Misconfigured>(&outcome)) return fault->why;
  return "";
}

}  // namespace

SinkReport::SinkReport(std::string name, std::string kind, Metrics& metrics, SinkTotals totals)
    : name_{std::move(name)}, kind_{std::move(kind)}, metrics_{metrics} {
  status_.name = name_;
  status_.kind = kind_;
  status_.state = "ok";
  status_.routed = totals.routed;
  status_.delivered = totals.delivered;
  status_.dead_letters = totals.dead_letters;
  status_.dropped = totals.dropped;
  show_queue();
  metrics_.set(Metric::SinkState, {name_}, 0);
}

void SinkReport::routed(std::uint64_t count) {
  const std::scoped_lock lock{mutex_};
  status_.routed += count;
  show_queue();
}

void SinkReport::delivered(std::uint64_t count) {
  metrics_.add(Metric::SinkDelivered, {name_}, static_cast<double>(count));
  const std::scoped_lock lock{mutex_};
  status_.delivered += count;
  status_.last_delivered_at = core::now();
  show_queue();
}

void SinkReport::buried(std::string_view reason) {
  metrics_.add(Metric::SinkDeadLetters, {name_, reason});
  const std::scoped_lock lock{mutex_};
  ++status_.dead_letters;
  show_queue();
}

void SinkReport::dropped(std::string_view reason, std::uint64_t count) {
  metrics_.add(Metric::SinkDropped, {name_, reason}, static_cast<double>(count));
  const std::scoped_lock lock{mutex_};
  status_.dropped += count;
  show_queue();
}

void SinkReport::attempted(const core::Outcome& outcome) {
  metrics_.add(Metric::SinkAttempts, {name_, kOutcomes.at(outcome.index())});
  const bool ok = core::is<core::Delivered>(outcome);
  metrics_.add(Metric::FalcosidekickOutputs, {kind_, ok ? "ok" : "error"});
  if (ok) return;
  ++failed_attempts_;
  if (std::string why = why_of(outcome); !why.empty()) {
    const std::scoped_lock lock{mutex_};
    status_.last_error = core::printable(why);
    status_.last_error_at = core::now();
  }
}

void SinkReport::become(State state, const std::string& why) {
  const bool worse = state != State::Ok;
  {
    const std::scoped_lock lock{mutex_};
    if (state == state_ && status_.reason == why) return;
    status_.reason = worse ? core::printable(why) : "";
    status_.state = word(state);
  }
  const State before = std::exchange(state_, state);
  metrics_.set(Metric::SinkState, {name_}, state == State::Paused ? 2 : worse ? 1 : 0);

  if (!worse) {
    const auto after = std::chrono::duration_cast<std::chrono::milliseconds>(core::now() - troubled_since_);
    core::log_info("sink_recovered", {{"sink", name_},
                                      {"state", "recovered"},
                                      {"attempts", std::to_string(failed_attempts_)},
                                      {"after", core::to_text(after)}});
    return;
  }
  if (before == State::Ok) {
    troubled_since_ = core::now();
    failed_attempts_ = std::max<std::uint64_t>(failed_attempts_, 1);
  }
  if (before == state) return;  // the same trouble in other words: /status has them
  core::log_warning("sink_state", {{"sink", name_}, {"state", std::string{word(state)}}, {"why", why}});
}

void SinkReport::oldest_age(core::Duration age) {
  metrics_.set(Metric::SinkOldestUnsentAge, {name_}, seconds(age));
  const std::scoped_lock lock{mutex_};
  status_.oldest_age_seconds = seconds(age);
}

void SinkReport::next_attempt(core::Duration wait) {
  const std::scoped_lock lock{mutex_};
  status_.next_attempt_seconds = seconds(wait);
}

std::uint64_t SinkReport::queued() const {
  const std::scoped_lock lock{mutex_};
  return status_.queued;
}

SinkTotals SinkReport::totals() const {
  const std::scoped_lock lock{mutex_};
  return {status_.routed, status_.delivered, status_.dead_letters, status_.dropped};
}

SinkStatus SinkReport::status() const {
  const std::scoped_lock lock{mutex_};
  return status_;
}

void SinkReport::show_queue() {
  const std::uint64_t settled = status_.delivered + status_.dead_letters + status_.dropped;
  status_.queued = status_.routed > settled ? status_.routed - settled : 0;
  metrics_.set(Metric::SinkQueueAlerts, {name_}, static_cast<double>(status_.queued));
}

}  // namespace hub
