#include "hub/deliver/sink_worker.h"

#include "core/invariant.h"
#include "core/log.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>

namespace hub {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {
constexpr std::size_t kMostLooks = 1'000;  // at alerts that cannot go out, in one turn of the loop
}

SinkWorker::SinkWorker(Shared shared, Sink sink, Cursor cursor, SinkTotals totals)
    : shared_{shared},
      sink_{std::move(sink)},
      backlog_{sink_.name, std::move(cursor)},
      report_{sink_.name, sink_.kind, shared.metrics, totals},
      breaker_{sink_.options.retry},
      bucket_{sink_.options.rate.value_or(sink_.output->limits().rate), Instant::clock::now()},
      timer_{shared.loop} {}

void SinkWorker::offer(const Decision& decision, Offset record) {
  const Offset before = position();
  backlog_.offer(decision, record);
  if (position() != before) ++version_;
}

void SinkWorker::routed(std::uint64_t count) {
  report_.routed(count);
  ++version_;
}

void SinkWorker::dropped(std::string_view reason, std::uint64_t count) {
  report_.dropped(reason, count);
  ++version_;
}

void SinkWorker::collect(StateChange& into) const {
  into.cursors[sink_.name] = backlog_.cursor().state();
  into.totals[sink_.name] = report_.totals();
}

void SinkWorker::pump() {
  // A request may be over before co_spawn returns; what it changes is looked at by the loop below, not by a second one
  // inside it.
  if (pumping_) {
    pump_again_ = true;
    return;
  }
  pumping_ = true;
  std::optional<Instant> wake;
  const Instant now = Instant::clock::now();
  do {
    pump_again_ = false;
    wake.reset();
    if (stopping_ || shared_.checkpoint.is_stuck()) break;

    const Offset before = position();
    if (const auto refilled = backlog_.refill(shared_.journal, shared_.lost); !refilled) {
      if (!std::exchange(journal_troubled_, true))
        core::log_error("journal_not_read", {{"by", sink_.name}, {"why", refilled.error().what}});
      wake = now + 1s;
    } else {
      journal_troubled_ = false;
    }
    if (position() != before) ++version_;
    if (const auto found = backlog_.take_found_again(); found.any) {
      balanced_ = false;
      if (found.uncounted > 0) routed(found.uncounted);
    }

    const outputs::Limits limits = sink_.output->limits();
    while (flights_.size() < std::max(limits.concurrency, 1U)) {
      Flight flight;
      if (!plan(flight, limits, now, wake)) break;
      bucket_.take(now);
      launch(std::move(flight));
    }
  } while (pump_again_);
  pumping_ = false;
  balance();
  arm(wake, now);
}

// Fills the next request, or says when there may be one: at `wake`, or when something happens (an alert, a reply).
bool SinkWorker::plan(Flight& flight, const outputs::Limits& limits, Instant now, std::optional<Instant>& wake) {
  auto later = [&](Instant when) { wake = wake ? std::min(*wake, when) : when; };
  auto when_due = [&] {
    if (std::exchange(more_soon_, false)) later(now + 1ms);
    if (const auto due = retries_.next_due()) later(std::max(*due, now + 1ms));
    return false;
  };
  if (!has_fresh() && retries_.size() == 0 && bisections_.empty()) {
    if (backlog_.is_behind() && !journal_troubled_) later(now + 10ms);  // all that was read was settled on the way
    return false;
  }
  if (draining_ && is_unwell()) return false;

  if (const auto blocked = holds_.blocked_until("", now)) {
    later(*blocked);
    return false;
  }
  if (const Instant ready = bucket_.ready_at(now); ready > now) {
    later(ready);
    return false;
  }
  if (holds_.find("") != nullptr) {
    if (!flights_.empty()) return false;
    if (!fill_probe(flight, limits, now)) return when_due();
    holds_.probe("");
    return true;
  }
  if (breaker_.is_open()) {
    if (!flights_.empty()) return false;
    flight.probe = true;
    if (!draining_ && now >= breaker_.next_probe()) return fill_probe(flight, limits, now) || when_due();
    if (breaker_.may_be_the_alerts() && fill_main(flight, limits, 1, now)) return true;
    if (draining_) return when_due();
    later(breaker_.next_probe());
    return false;
  }

  // By turns with the others, so that a batch of many culprits does not stand before those that came after it.
  const bool turn = !std::exchange(bisected_last_, false) || (!has_fresh() && retries_.size() == 0);
  if (turn && fill_bisect(flight, limits, now)) return bisected_last_ = true;
  const bool fresh = has_fresh() && window_.size() < kWindow;
  if ((!fresh || now >= retries_rest_until_) && fill_retries(flight, limits, now)) return true;
  if (has_fresh() && window_.size() < kWindow) {
    const std::size_t most = std::max<std::size_t>(limits.items, 1);
    if (!waiting_since_) waiting_since_ = now;
    const Instant full_by = *waiting_since_ + std::chrono::duration_cast<Instant::duration>(limits.max_wait);
    if (held_over_ || draining_ || backlog_.waiting() >= most || now >= full_by) {
      if (fill_main(flight, limits, most, now)) return true;
    } else {
      later(full_by);
    }
  }
  if (fill_bisect(flight, limits, now)) return bisected_last_ = true;
  if (fresh && now < retries_rest_until_) later(retries_rest_until_);
  return when_due();
}

// One alert, to see whether the destination is back: the oldest and the newest by turns, so that an alert that is
// itself the fault does not keep the sink closed.
bool SinkWorker::fill_probe(Flight& flight, const outputs::Limits& limits, Instant now) {
  flight.lane = Flight::Lane::Retry;
  for (std::list<std::vector<Offset>> parts = std::move(bisections_); !parts.empty(); parts.pop_front()) {
    for (const Offset offset : parts.front()) retries_.push(offset, window_.at(offset).attempts, now);
  }
  bisections_.clear();
  probe_newest_ = !probe_newest_;
  if (probe_newest_ && fill_main(flight, limits, 1, now)) return true;
  const auto entry = probe_newest_ ? retries_.take_newest() : retries_.take_oldest();
  if (entry && admit(flight, limits, entry->offset, 1, now) == Admitted::Yes) return true;
  // Its destination is held back: then any that is due; what is held back is not.
  for (std::size_t left = retries_.size(); left > 0; --left) {
    const auto due = retries_.take_due(now, 1);
    if (due.empty()) break;
    if (admit(flight, limits, due.front().offset, 1, now) == Admitted::Yes) return true;
  }
  return fill_main(flight, limits, 1, now);
}

bool SinkWorker::fill_bisect(Flight& flight, const outputs::Limits& limits, Instant now) {
  while (!bisections_.empty() && flight.offsets.empty()) {
    flight.lane = Flight::Lane::Bisect;
    const std::vector<Offset> part = std::move(bisections_.front());
    bisections_.pop_front();
    for (const Offset offset : part) {
      if (admit(flight, limits, offset, 1, now) == Admitted::TooLarge)
        retries_.push(offset, window_.at(offset).attempts, now);
    }
  }
  return !flight.offsets.empty();
}

bool SinkWorker::fill_retries(Flight& flight, const outputs::Limits& limits, Instant now) {
  flight.lane = Flight::Lane::Retry;
  std::size_t most = std::max<std::size_t>(limits.items, 1);
  // Bounded by what is in the queue now: entries held back come back with a later due time, never as due.
  for (std::size_t left = retries_.size(); left > 0 && flight.offsets.size() < most; --left) {
    const auto due = retries_.take_due(now, 1);
    if (due.empty()) break;
    const Offset offset = due.front().offset;
    // The more often an alert failed while the sink was up, the fewer others go with it, until it is alone with its
    // fault.
    const unsigned strikes = window_.at(offset).strikes;
    const std::size_t company =
        strikes < 2 ? most : std::max<std::size_t>(1, limits.items >> std::min(strikes - 1, 31U));
    if (flight.offsets.size() >= company) {
      retries_.push(offset, due.front().attempt, due.front().due);
      break;
    }
    const Admitted admitted = admit(flight, limits, offset, 1, now);
    if (admitted == Admitted::TooLarge) {
      retries_.push(offset, due.front().attempt, due.front().due);
      break;
    }
    if (admitted == Admitted::Yes) most = std::min(most, company);
  }
  return !flight.offsets.empty();
}

bool SinkWorker::fill_main(Flight& flight, const outputs::Limits& limits, std::size_t most, Instant now) {
  if (flight.offsets.empty()) flight.lane = Flight::Lane::Main;
  std::size_t looks = most + kMostLooks;
  while (flight.offsets.size() < most && window_.size() < kWindow && !shared_.checkpoint.is_stuck()) {
    if (looks-- == 0) {
      more_soon_ = true;
      break;
    }
    const std::uint64_t run = std::min<std::uint64_t>(backlog_.run_length(), most);
    const auto offset = take_fresh();
    if (!offset) break;
    window_.try_emplace(*offset);
    if (admit(flight, limits, *offset, run, now) == Admitted::TooLarge) {
      held_over_ = *offset;
      break;
    }
  }
  if (flight.offsets.empty()) return false;
  waiting_since_.reset();
  return true;
}

std::optional<Offset> SinkWorker::take_fresh() {
  if (held_over_) return std::exchange(held_over_, std::nullopt);
  const Offset before = position();
  const auto offset = backlog_.take();
  if (position() != before) ++version_;
  return offset;
}

// Puts one alert of the window into the request, unless it is unreadable (dropped, or read again later) or its
// destination is held back.
SinkWorker::Admitted SinkWorker::admit(Flight& flight, const outputs::Limits& limits, Offset offset, std::uint64_t run,
                                       Instant now) {
  Pending& pending = window_.at(offset);
  auto wait_until = [&](Instant when) {
    retries_.push(offset, pending.attempts, when);
    return Admitted::No;
  };
  if (!pending.destination.empty()) {
    if (const auto blocked = holds_.blocked_until(pending.destination, now)) return wait_until(*blocked);
  }

  const auto alert = shared_.reader.fetch(offset, run);
  if (!alert) {
    if (alert.error().fault == core::Fault::Io) return wait_until(now + 1s);
    drop(offset, alert.error().fault == core::Fault::NotFound ? "retention" : "unreadable", alert.error().what);
    return Admitted::No;
  }
  if (expire(offset, **alert)) return Admitted::No;
  const std::size_t size = (*alert)->json.size();
  if (!flight.offsets.empty() && flight.bytes + size > limits.bytes) return Admitted::TooLarge;

  pending.destination = sink_.output->destination(**alert);
  if (!pending.destination.empty()) {
    if (const auto blocked = holds_.blocked_until(pending.destination, now)) {
      park(offset, **alert, *blocked);
      return Admitted::No;
    }
    holds_.probe(pending.destination);  // does nothing unless its hold is just over
  }
  flight.bytes += size;
  flight.offsets.push_back(offset);
  flight.alerts.push_back(*alert);
  return Admitted::Yes;
}

void SinkWorker::launch(Flight flight) {
  unsigned tries = 0;
  for (const Offset offset : flight.offsets) tries = std::max(tries, window_.at(offset).attempts);
  const outputs::Attempt attempt{.number = tries + 1, .now = core::now(), .host = sent_++};

  Flight& kept = flights_.emplace_back(std::move(flight));
  kept.started = Instant::clock::now();
  kept.generation = generation_;
  kept.cancel = std::make_shared<asio::cancellation_signal>();
  const FlightPointer pointer = std::prev(flights_.end());

  auto over = [this, pointer, alive = std::weak_ptr{alive_}](const std::exception_ptr& thrown,
                                                             core::Outcomes outcomes) {
    if (!alive.expired()) landed(pointer, thrown, std::move(outcomes));
  };
  asio::awaitable<core::Outcomes> sending = sink_.output->send(core::Batch{kept.alerts}, attempt);
  asio::co_spawn(shared_.loop, std::move(sending), asio::bind_cancellation_slot(kept.cancel->slot(), std::move(over)));
}

void SinkWorker::arm(std::optional<Instant> wake, Instant now) {
  const bool waits = wake && *wake > now;
  report_.next_attempt(waits ? std::chrono::duration_cast<core::Duration>(*wake - now) : core::Duration{});
  timer_.cancel();
  if (!wake || stopping_) return;
  timer_.expires_at(*wake);
  timer_.async_wait([this, alive = std::weak_ptr{alive_}](const boost::system::error_code& error) {
    if (!error && !alive.expired()) pump();
  });
}

void SinkWorker::drain() {
  draining_ = true;
  pump();
}

bool SinkWorker::is_unwell() const {
  return holds_.find("") != nullptr || (breaker_.is_open() && !(breaker_.may_be_the_alerts() && has_fresh()));
}

bool SinkWorker::has_work() const {
  if (is_unwell()) return false;
  if (!flights_.empty()) return true;
  if (shared_.checkpoint.is_stuck()) return false;
  if (!bisections_.empty()) return true;
  if (window_.size() < kWindow && (has_fresh() || (backlog_.is_behind() && !journal_troubled_))) return true;
  const auto due = retries_.next_due();
  return due && *due <= Instant::clock::now();
}

void SinkWorker::cancel() {
  for (Flight& flight : flights_) flight.cancel->emit(asio::cancellation_type::terminal);
}

void SinkWorker::observe() {
  std::optional<Offset> oldest = backlog_.next_waiting();
  if (!window_.empty() && (!oldest || window_.begin()->first < *oldest)) oldest = window_.begin()->first;
  if (!oldest) {
    report_.oldest_age({});
    return;
  }
  if (*oldest != oldest_known_) {
    const auto alert = shared_.reader.fetch(*oldest);
    if (!alert) return;
    oldest_known_ = *oldest;
    oldest_received_ = (*alert)->received;
  }
  const core::Duration age = std::max(core::Duration{}, core::Duration{core::now() - oldest_received_});
  report_.oldest_age(age);
  if (age <= std::min(sink_.options.queue.max_age, sink_.options.retry.give_up_after) || stopping_) return;
  expire_oldest();
  pump();
}

// Also while nothing can be sent: the alerts of a sink that is away for good must not hold the journal for ever. So
// many in one turn of the loop; the rest a second later.
void SinkWorker::expire_oldest() {
  for (std::size_t looks = kMostLooks; looks > 0 && !shared_.checkpoint.is_stuck(); --looks) {
    const auto entry = retries_.take_oldest();
    if (!entry) break;
    const auto alert = shared_.reader.fetch(entry->offset);
    if (alert && expire(entry->offset, **alert)) continue;
    retries_.push(entry->offset, entry->attempt, entry->due);
    break;
  }
  for (std::size_t looks = kMostLooks * 10; looks > 0 && window_.size() < kWindow && !shared_.checkpoint.is_stuck();
       --looks) {
    const std::uint64_t run = std::min<std::uint64_t>(backlog_.run_length(), kMostLooks);
    const auto offset = take_fresh();
    if (!offset) break;
    window_.try_emplace(*offset);
    const auto alert = shared_.reader.fetch(*offset, run);
    if (alert && expire(*offset, **alert)) continue;
    held_over_ = *offset;
    break;
  }
}

// By the wall clock before this start, by the steady one since: a jump of the wall clock makes no alert old.
core::Duration SinkWorker::age_of(const core::Alert& alert) const {
  const auto up = std::chrono::duration_cast<core::Duration>(Instant::clock::now() - began_);
  if (alert.received < began_at_) return core::Duration{began_at_ - alert.received} + up;
  return std::min<core::Duration>(core::now() - alert.received, up);
}

}  // namespace hub
