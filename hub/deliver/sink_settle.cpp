// What becomes of a request that is over: each of the five outcomes has exactly one answer, and it is here.
#include "hub/deliver/sink_worker.h"

#include "core/invariant.h"
#include "core/log.h"
#include "core/text.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace hub {
using namespace std::chrono_literals;

namespace {

// A remote fault is an outcome; an exception or a wrong count is a bug of the output. The hub goes on: nothing is
// settled by it.
core::Outcomes repaired(const std::exception_ptr& thrown, core::Outcomes outcomes, std::size_t alerts,
                        const std::string& sink) {
  std::string why;
  try {
    if (thrown) std::rethrow_exception(thrown);
    if (outcomes.size() != alerts)
      why =
          "the output gave " + std::to_string(outcomes.size()) + " outcomes for " + std::to_string(alerts) + " alerts";
  } catch (const std::exception& exception) {
    why = std::string{"the output failed: "} + exception.what();
  }
  if (why.empty()) return outcomes;
  core::log_debug("output_misbehaved", {{"sink", sink}, {"why", why}});
  return core::same_for_all(alerts, core::Retry{why});
}

// The whole batch was refused in the same words: the answer does not say whose fault it is.
bool refused_as_a_whole(const core::Outcomes& outcomes) {
  const auto* first = std::get_if<core::Reject>(&outcomes.front());
  return outcomes.size() > 1 && first != nullptr &&
         std::all_of(outcomes.begin(), outcomes.end(), [&](const core::Outcome& outcome) {
           const auto* reject = std::get_if<core::Reject>(&outcome);
           return reject != nullptr && reject->why == first->why;
         });
}

}  // namespace

void SinkWorker::landed(FlightPointer pointer, const std::exception_ptr& thrown, core::Outcomes given) {
  std::list<Flight> landing;
  landing.splice(landing.begin(), flights_, pointer);
  Flight& flight = landing.front();
  // We are called from inside the coroutine's last step, which may still look at its cancellation slot.
  boost::asio::post(shared_.loop, [signal = std::move(flight.cancel)] {});
  const core::Outcomes outcomes = repaired(thrown, std::move(given), flight.offsets.size(), sink_.name);
  const Instant now = Instant::clock::now();
  report_.took(now - flight.started);
  report_.attempted(outcomes);
  if (flight.generation != generation_) return landed_late(flight, outcomes, now);

  const auto delivered = std::count_if(outcomes.begin(), outcomes.end(),
                                       [](const core::Outcome& outcome) { return core::is<core::Delivered>(outcome); });
  const bool alive = delivered > 0 || std::any_of(outcomes.begin(), outcomes.end(),
                                                  [](const core::Outcome& o) { return core::is<core::Reject>(o); });
  const bool down = !alive && core::is<core::Retry>(outcomes.front());
  delivered_here_ += static_cast<std::uint64_t>(delivered);

  const Offset position_before = position();
  if (refused_as_a_whole(outcomes)) {
    bisect(flight);
    for (const Offset offset : flight.offsets) release(window_.at(offset).destination);
    release("");
  } else {
    // What got an answer first: it ends holds, which the others of the same reply may begin again.
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (core::is<core::Delivered>(outcomes[i])) settle_delivered(flight, i);
      if (const auto* reject = std::get_if<core::Reject>(&outcomes[i]))
        bury(flight.offsets[i], *flight.alerts[i], "refused", reject->why);
    }
    if (alive) release("");
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (const auto* retry = std::get_if<core::Retry>(&outcomes[i])) settle_retry(flight, i, *retry, now);
      if (const auto* throttle = std::get_if<core::Throttle>(&outcomes[i]))
        settle_hold(flight, i, Holds::Kind::Throttle, throttle->about, "asked for time", throttle->wait, now);
      if (const auto* fault = std::get_if<core::Misconfigured>(&outcomes[i]))
        settle_hold(flight, i, Holds::Kind::Misconfigured, fault->about, fault->why, {}, now);
    }
  }
  if (delivered > 0) {
    report_.delivered(static_cast<std::uint64_t>(delivered));
    ++version_;
    shared_.checkpoint.settled(static_cast<std::uint64_t>(delivered));
  }
  if (position() != position_before) ++version_;

  if (alive) {
    if (breaker_.succeeded()) retries_.make_all_due(now);  // the outage was the fault, not they
    in_outage_ = false;
  } else if (down) {
    breaker_.failed(flight.offsets.front(), now, chance());
    if (breaker_.is_open() && !breaker_.may_be_the_alerts() && !std::exchange(in_outage_, true)) ++outages_;
    if (flight.lane == Flight::Lane::Retry) retries_rest_until_ = now + (now - flight.started);
    holds_.probe_ended("");
  }
  show_state();

  if (flights_.empty() && on_idle_) on_idle_();
  pump();
}

void SinkWorker::settle_delivered(Flight& flight, std::size_t index) {
  const Offset offset = flight.offsets[index];
  release(window_.at(offset).destination);
  report_.end_to_end(std::max(core::Duration{}, core::Duration{core::now() - flight.alerts[index]->received}));
  forget(offset);
}

void SinkWorker::settle_retry(Flight& flight, std::size_t index, const core::Retry& retry, Instant now) {
  const Offset offset = flight.offsets[index];
  Pending& pending = window_.at(offset);
  holds_.probe_ended(pending.destination);
  last_retry_ = retry.why;
  ++pending.attempts;
  // While the sink is down a failure says nothing about the alert. Otherwise it is a strike; and if others got through
  // before its next failure, and no outage was found meanwhile, it was the alert's own fault.
  if (!flight.probe) {
    ++pending.strikes;
    const bool was_its_fault =
        pending.may_be_its_fault && delivered_here_ > pending.others_before && outages_ == pending.outages_before;
    if (was_its_fault) ++pending.faults;
    pending.may_be_its_fault = !in_outage_;
    pending.others_before = delivered_here_;
    pending.outages_before = outages_;
    if (was_its_fault && !in_outage_ && pending.faults + 1 >= sink_.options.retry.max_attempts) {
      give_up(offset, *flight.alerts[index], "attempts", retry.why);
      return;
    }
  }
  if (age_of(*flight.alerts[index]) > sink_.options.retry.give_up_after) {
    give_up(offset, *flight.alerts[index], "too_old", retry.why);
    return;
  }
  const core::Duration wait = full_jitter(sink_.options.retry, pending.attempts, chance());
  retries_.push(offset, pending.attempts, now + std::chrono::duration_cast<Instant::duration>(wait));
}

void SinkWorker::settle_hold(Flight& flight, std::size_t index, Holds::Kind kind, core::About about,
                             const std::string& why, core::Duration wait, Instant now) {
  const Offset offset = flight.offsets[index];
  const Pending& pending = window_.at(offset);
  const std::string held = about == core::About::Sink ? std::string{} : pending.destination;
  if (held != pending.destination) holds_.probe_ended(pending.destination);  // no word on the destination itself
  const bool news = holds_.hold(held, kind, why, wait, now);
  const Holds::Hold* hold = holds_.find(held);
  if (news && !held.empty() && kind == Holds::Kind::Misconfigured) {
    core::log_warning("sink_destination_paused", {{"sink", sink_.name}, {"destination", held}, {"why", why}});
  }
  park(offset, *flight.alerts[index], hold != nullptr ? hold->until : now);
}

// Puts an alert aside until its destination is asked again. A destination of a template's choice may be wrong for good,
// and whoever feeds it must not fill the window and so silence the others: beyond half the window its alerts are dead
// letters. True: it waits.
bool SinkWorker::park(Offset offset, const core::Alert& alert, Instant until) {
  Pending& pending = window_.at(offset);
  const Holds::Hold* hold = holds_.find(pending.destination);
  const bool counts = hold != nullptr && !pending.destination.empty() && hold->kind == Holds::Kind::Misconfigured;
  if (counts && !pending.parked) {
    if (parked_ >= kMostParked) {
      bury(offset, alert, "destination", hold->why);
      return false;
    }
    pending.parked = true;
    ++parked_;
  }
  retries_.push(offset, pending.attempts, until);
  return true;
}

void SinkWorker::bury(Offset offset, const core::Alert& alert, std::string_view kind, const std::string& why) {
  const Pending& pending = window_.at(offset);
  if (kind == "refused") release(pending.destination);

  DeadLetter letter;
  letter.sink = sink_.name;
  letter.id = alert.id;
  letter.offset = offset;
  letter.reason = core::truncate_utf8(core::printable(why), 2048);
  letter.attempts = pending.attempts + (kind == "refused" ? 1 : 0);
  letter.at = core::now();
  letter.rule = alert.rule;
  letter.priority = core::to_lower(alert.priority);
  letter.alert = alert.json;

  // Together: the settlement, the total and the letter are in one change of state.db.
  report_.buried(kind, letter);
  forget(offset);
  ++version_;
  shared_.checkpoint.bury(std::move(letter));
  shared_.checkpoint.settled(1);
}

void SinkWorker::give_up(Offset offset, const core::Alert& alert, std::string_view kind, const std::string& why) {
  if (sink_.options.retry.then == RetryPolicy::Then::Drop) return drop(offset, kind, why);
  bury(offset, alert, kind, why);
}

// True: the alert was too old to be sent, and is settled. One that was tried is given up, one that never was is
// dropped.
bool SinkWorker::expire(Offset offset, const core::Alert& alert) {
  const core::Duration age = age_of(alert);
  if (window_.at(offset).attempts > 0 && age > sink_.options.retry.give_up_after) {
    give_up(offset, alert, "too_old", last_retry_.empty() ? "it was not taken in time" : last_retry_);
    return true;
  }
  if (age <= sink_.options.queue.max_age) return false;
  drop(offset, "max_age", "it has waited longer than queue.max_age");
  return true;
}

void SinkWorker::bisect(const Flight& flight) {
  const auto middle = flight.offsets.begin() + static_cast<std::ptrdiff_t>(flight.offsets.size() / 2);
  bisections_.emplace_front(middle, flight.offsets.end());
  bisections_.emplace_front(flight.offsets.begin(), middle);
}

void SinkWorker::forget(Offset offset) {
  backlog_.cursor().settle(offset);
  const auto pending = window_.find(offset);
  if (pending->second.parked) --parked_;
  window_.erase(pending);
}

void SinkWorker::drop(Offset offset, std::string_view reason, const std::string& why) {
  // One line a second: the rest is in metrics.
  if (const Instant now = Instant::clock::now(); drop_logged_ == Instant{} || now - drop_logged_ >= 1s) {
    drop_logged_ = now;
    core::log_error("alert_dropped", {{"sink", sink_.name},
                                      {"offset", std::to_string(offset.value)},
                                      {"reason", std::string{reason}},
                                      {"why", why},
                                      {"others_since_last", std::to_string(std::exchange(drops_not_logged_, 0))}});
  } else {
    ++drops_not_logged_;
  }
  report_.dropped(reason, 1);
  forget(offset);
  ++version_;
  shared_.checkpoint.settled(1);
}

void SinkWorker::release(const std::string& destination) {
  const Holds::Hold* hold = holds_.find(destination);
  if (hold == nullptr) return;
  const bool paused = hold->kind == Holds::Kind::Misconfigured;
  holds_.release(destination);
  if (paused && !destination.empty())
    core::log_info("sink_destination_recovered", {{"sink", sink_.name}, {"destination", destination}});
}

// With nothing left to do nothing is queued, once after the start and after each decision that was lost: if the totals
// say otherwise, the disk has lost alerts together with their decisions (or they were decided otherwise the second
// time).
void SinkWorker::balance() {
  if (balanced_ || !window_.empty() || has_fresh() || backlog_.is_behind()) return;
  balanced_ = true;
  const SinkTotals totals = report_.totals();
  const std::uint64_t settled = totals.delivered + totals.dead_letters + totals.dropped;
  if (settled > totals.routed) routed(settled - totals.routed);
  if (totals.routed <= settled) return;
  const std::uint64_t gone = totals.routed - settled;
  core::log_error("alerts_dropped",
                  {{"sink", sink_.name},
                   {"alerts", std::to_string(gone)},
                   {"reason", "decision_lost"},
                   {"why", "they were decided for this sink, and the journal has neither them nor the decision"}});
  dropped("decision_lost", gone);
}

void SinkWorker::show_state() {
  if (const Holds::Hold* hold = holds_.find("")) {
    report_.become(hold->kind == Holds::Kind::Throttle ? SinkReport::State::Throttled : SinkReport::State::Paused,
                   hold->why);
  } else if (breaker_.failures_in_a_row() > 0) {
    // Seen at the first failure; in the log only once it is an outage, or a sink that fails now and then would fill it.
    report_.become(SinkReport::State::Degraded, last_retry_,
                   breaker_.is_open() ? SinkReport::Log::Yes : SinkReport::Log::No);
  } else {
    report_.become(SinkReport::State::Ok, "");
  }
}

}  // namespace hub
