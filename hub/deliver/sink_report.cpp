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
  metrics_.set(Metric::SinkOldestUnsentAge, {name_}, 0);
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

void SinkReport::buried(std::string_view reason, const DeadLetter& letter) {
  if (letter.at - last_letter_logged_ >= std::chrono::seconds{1} || letter.at < last_letter_logged_) {
    last_letter_logged_ = letter.at;
    core::log_warning("dead_letter", {{"sink", name_},
                                      {"alert", core::to_text(letter.id)},
                                      {"reason", std::string{reason}},
                                      {"why", letter.reason}});
  }
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

void SinkReport::attempted(const core::Outcomes& outcomes) {
  std::array<std::uint64_t, kOutcomes.size()> counts{};
  std::string why;
  for (const core::Outcome& outcome : outcomes) {
    ++counts.at(outcome.index());
    if (why.empty()) why = why_of(outcome);
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts.at(i) == 0) continue;
    const auto count = static_cast<double>(counts.at(i));
    metrics_.add(Metric::SinkAttempts, {name_, kOutcomes.at(i)}, count);
    metrics_.add(Metric::FalcosidekickOutputs, {kind_, i == 0 ? "ok" : "error"}, count);
    if (i > 0) failed_attempts_ += counts.at(i);
  }
  if (why.empty()) return;
  const std::scoped_lock lock{mutex_};
  status_.last_error = core::printable(why);
  status_.last_error_at = core::now();
}

void SinkReport::become(State state, const std::string& why, Log log) {
  const bool worse = state != State::Ok;
  {
    const std::scoped_lock lock{mutex_};
    if (state == state_ && status_.reason == why && (!worse || logged_ || log == Log::No)) return;
    status_.reason = worse ? core::printable(why) : "";
    status_.state = word(state);
  }
  const State before = std::exchange(state_, state);
  metrics_.set(Metric::SinkState, {name_}, state == State::Paused ? 2 : worse ? 1 : 0);

  if (!worse) {
    if (!std::exchange(logged_, false)) return;
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
  // The same trouble in other words: while requests fail they may change at each probe, and /status has them. A human
  // has a new task only when a paused sink is paused for another reason.
  if (log == Log::No || (logged_ && before == state && state != State::Paused)) return;
  logged_ = true;
  core::log_warning("sink_state", {{"sink", name_}, {"state", std::string{word(state)}}, {"why", why}});
}

void SinkReport::begin_anew(const std::string& kind) {
  kind_ = kind;
  state_ = State::Ok;
  logged_ = false;
  failed_attempts_ = 0;
  metrics_.set(Metric::SinkState, {name_}, 0);
  const std::scoped_lock lock{mutex_};
  status_.kind = kind;
  status_.state = word(State::Ok);
  status_.reason.clear();
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
  metrics_.set(Metric::SinkRouted, {name_}, static_cast<double>(status_.routed));
}

}  // namespace hub
