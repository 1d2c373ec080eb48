#include "hub/deliver/delivery.h"

#include "core/log.h"
#include "hub/deliver/delivery_rooms.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <future>

namespace hub {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {
constexpr auto kPatienceWithTheUnwell = 1s;  // for the one request that asks whether they are back
constexpr auto kRouterStuck = 1s;         // that long without a decision: the journal takes none
}  // namespace

Delivery::Rooms::Rooms(asio::io_context& loop_, Journal& journal_, StateStore& state_, Metrics& metrics_,
                       Outputs outputs)
    : loop{loop_},
      journal{journal_},
      state{state_},
      metrics{metrics_},
      reader{journal_},
      checkpoint{loop_, journal_, state_},
      router{loop_, journal_, reader, metrics_, table_of(outputs)},
      lost{journal_, reader, table_of(outputs)},
      timer{loop_},
      idle_timer{loop_} {
  configured = std::move(outputs.sinks);
  router.before_look([this] { woken = false; });
}

Delivery::Delivery(asio::io_context& loop, Journal& journal, StateStore& state, Metrics& metrics, Outputs outputs)
    : rooms_{std::make_unique<Rooms>(loop, journal, state, metrics, std::move(outputs))} {}

Delivery::~Delivery() = default;

void Delivery::look_in(FreshAlerts& fresh) {
  rooms_->reader.look_in(fresh);
}

void Delivery::mutate_with(MutationsRef mutations) {
  rooms_->reader.mutate_with(std::move(mutations));
}

void Delivery::look_at(const Silences& silences) {
  rooms_->router.look_at(silences);
}

core::Result<> Delivery::start() {
  return rooms_->start();
}

core::Result<> Delivery::Rooms::start() {
  auto cursors = state.cursors();
  if (!cursors) return core::in_context("read the cursors", cursors.error());
  auto totals = state.totals();
  if (!totals) return core::in_context("read the totals", totals.error());

  const auto saved = cursors->find(Router::kName);
  auto routed = router.start(saved == cursors->end() ? nullptr : &saved->second,
                             [this](const Decision& decision, Offset record) { on_decided(decision, record); });
  if (!routed) return routed.error();
  if (auto opened = open_sinks(*cursors, *totals); !opened) return opened.error();
  if (auto found = find_removed(*cursors, *totals); !found) return found.error();

  checkpoint.track(router);
  for (const auto& sink : sinks) checkpoint.track(*sink);
  for (const auto& sink : removed_sinks) checkpoint.track(*sink);
  if (auto first = save_first(); !first) return first.error();

  started = true;
  checkpoint.on_free([this] { pump_all(); });
  checkpoint.start();
  tick();
  asio::post(loop, [this, guard = std::weak_ptr{alive}] {
    if (guard.expired()) return;
    router.wake();
    pump_all();
  });
  return {};
}

core::Result<> Delivery::Rooms::open_sinks(const std::map<std::string, CursorState>& cursors,
                                           const std::map<std::string, SinkTotals>& totals) {
  // A new sink begins with the first alert that is not decided yet. Without any state (it was lost and set aside) every
  // sink begins with the first alert there is: what is retained is delivered again.
  const Offset begin = cursors.contains(Router::kName) ? router.decided() : journal.first();
  for (Sink& sink : configured) {
    const auto saved = cursors.find(sink.name);
    SinkTotals before;
    if (const auto known = totals.find(sink.name); known != totals.end()) before = known->second;
    if (const auto extra = routed_before.find(sink.name);
        extra != routed_before.end() && (saved != cursors.end() || begin == journal.first())) {
      before.routed += extra->second;
    }
    auto opened = open_sink(std::move(sink), saved == cursors.end() ? nullptr : &saved->second, before, begin);
    if (!opened) return opened.error();
    sinks.push_back(std::move(*opened));
  }
  configured.clear();
  return {};
}

core::Result<std::unique_ptr<SinkWorker>> Delivery::Rooms::open_sink(Sink sink, const CursorState* saved,
                                                                     SinkTotals before, Offset begin) {
  Cursor cursor{begin};
  bool clamped = false;
  if (saved != nullptr) {
    CursorState state_of = *saved;
    if (state_of.position > journal.durable_end()) {
      core::log_error("cursor_beyond_journal", {{"sink", sink.name},
                                                {"cursor", std::to_string(state_of.position.value)},
                                                {"end", std::to_string(journal.durable_end().value)}});
      state_of = {.position = journal.durable_end(), .settled_above = {}, .decisions_from = journal.durable_end()};
    }
    clamped = state_of.position < journal.first();
    cursor = Cursor{state_of};
    if (clamped) cursor.pass(state_of.position, journal.first());
  }

  auto worker = std::make_unique<SinkWorker>(SinkWorker::Shared{loop, journal, reader, checkpoint, metrics, lost},
                                             std::move(sink), std::move(cursor), before);
  worker->backlog().expect(journal.durable_end(), router.decided());
  if (clamped) {
    const auto left = count_queue(*worker);
    if (!left) return left.error();
    const std::uint64_t queued = worker->report().queued();
    const std::uint64_t gone = queued > *left ? queued - *left : 0;
    core::log_error("cursor_below_journal", {{"sink", worker->name()},
                                             {"first", std::to_string(journal.first().value)},
                                             {"dropped", std::to_string(gone)}});
    if (gone > 0) worker->dropped("retention", gone);
  }
  worker->on_idle([this] { idle_timer.cancel(); });
  return worker;
}

core::Result<> Delivery::Rooms::find_removed(const std::map<std::string, CursorState>& cursors,
                                             const std::map<std::string, SinkTotals>& totals) {
  auto before = state.removed();
  if (!before) return core::in_context("read which sinks are removed", before.error());
  for (const auto& [name, cursor] : cursors) {
    const bool known = name == Router::kName ||
                       std::any_of(sinks.begin(), sinks.end(), [&](const auto& sink) { return sink->name() == name; });
    if (known) continue;
    const core::TimePoint since = before->try_emplace(name, core::now()).first->second;
    removed_since[name] = since;
    SinkTotals its;
    if (const auto saved = totals.find(name); saved != totals.end()) its = saved->second;
    if (const auto extra = routed_before.find(name); extra != routed_before.end()) its.routed += extra->second;
    removed_totals[name] = its;
    departed[name] = {cursor, its};
    const std::uint64_t settled = its.delivered + its.dead_letters + its.dropped;
    if (its.routed <= settled) continue;  // nothing waits: a cursor that nobody moves must not hold the journal
    removed_sinks.push_back(std::make_unique<RemovedSink>(name, cursor.position, its.routed - settled, since));
    removed_sinks.back()->observe(core::now());
  }
  routed_before.clear();
  return {};
}

// How many of the alerts decided for a sink, and still in the journal, are not settled.
core::Result<std::uint64_t> Delivery::Rooms::count_queue(const SinkWorker& sink) const {
  const Cursor& cursor = const_cast<SinkWorker&>(sink).backlog().cursor();
  std::uint64_t count = 0;
  Offset counted = cursor.position();
  for (Offset at = counted; at < journal.durable_end();) {
    auto page = journal.read(at, {.records = 64, .bytes = 1 << 20}, static_cast<std::uint8_t>(RecordType::Decision));
    if (!page) return core::in_context("count the queue of a sink", page.error());
    for (const Record& record : page->records) {
      const auto decision = decode_decision(record.payload);
      if (!decision) continue;
      for (const DecisionRun& run : decision->runs) {
        if (std::find(run.sinks.begin(), run.sinks.end(), sink.name()) == run.sinks.end()) continue;
        for (Offset alert = std::max(run.first, counted); alert.value < run.first.value + run.count;
             alert = alert.next()) {
          if (!cursor.is_settled(alert)) ++count;
        }
      }
      counted = std::max(counted, decision->to);
    }
    if (page->next <= at) break;
    at = page->next;
  }
  return count;
}

// Before the port opens the cursors of new sinks are durable: an alert acknowledged a moment later is theirs after any
// crash.
core::Result<> Delivery::Rooms::save_first() {
  StateChange change;
  router.collect(change);
  for (const auto& sink : sinks) {
    sink->collect(change);
    change.configured.push_back(sink->name());
  }
  change.removed = removed_since;
  change.totals.merge(removed_totals);
  auto promise = std::make_shared<std::promise<core::Result<>>>();
  auto durable = promise->get_future();
  state.save(std::move(change), [promise](core::Result<> result) { promise->set_value(std::move(result)); });
  auto result = durable.get();
  if (!result) return core::in_context("save the cursors", result.error());
  return {};
}

void Delivery::Rooms::on_decided(const Decision& decision, Offset record) {
  std::map<std::string_view, std::uint64_t> routed;
  for (const DecisionRun& run : decision.runs) {
    const Offset first = std::max(run.first, router.decided());  // what was decided before is counted already
    const std::uint64_t end = run.first.value + run.count;
    if (first.value >= end) continue;
    for (const std::string& sink : run.sinks) routed[sink] += end - first.value;
  }
  if (!started) {
    if (decision.from > router.decided()) lost.not_counted(router.decided(), decision.from);
    for (const auto& [name, count] : routed) routed_before[std::string{name}] += count;
    return;
  }
  for (const auto& sink : sinks) {
    if (const auto mine = routed.find(sink->name()); mine != routed.end()) sink->routed(mine->second);
    sink->offer(decision, record);
    sink->pump();
  }
}

void Delivery::Rooms::pump_all() {
  for (const auto& sink : sinks) sink->pump();
}

void Delivery::Rooms::tick() {
  timer.expires_after(1s);
  timer.async_wait([this, guard = std::weak_ptr{alive}](const boost::system::error_code& error) {
    if (error || guard.expired()) return;
    for (const auto& sink : sinks) sink->observe();
    for (const auto& sink : removed_sinks) sink->observe(core::now());
    router.wake();  // in case a wake was lost with its writer's thread
    tick();
  });
}

void Delivery::wake() {
  if (rooms_->woken.exchange(true)) return;
  asio::post(rooms_->loop, [rooms = rooms_.get(), guard = std::weak_ptr{rooms_->alive}] {
    // `woken` stays until the router looks: it may rest or be appending, and looks by itself after that.
    if (!guard.expired() && rooms->started) rooms->router.wake();
  });
}

bool Delivery::Rooms::has_undecided() const {
  for (Offset at = router.decided(); at < journal.durable_end();) {
    const auto page = journal.read(at, {.records = 1, .bytes = 1}, static_cast<std::uint8_t>(RecordType::Alert));
    if (!page || page->next <= at) return false;
    if (!page->records.empty()) return true;
    at = page->next;
  }
  return false;
}

// Lets the router and the sinks go on until neither has anything that could go now.
asio::awaitable<void> Delivery::Rooms::drain(Instant until) {
  for (const auto& sink : sinks) sink->drain();
  router.wake();
  Offset decided = router.decided();
  for (Instant now = Instant::clock::now(), moved = now; now < until; now = Instant::clock::now()) {
    if (router.is_appending() || std::exchange(decided, router.decided()) != router.decided()) moved = now;
    const bool sending = std::any_of(sinks.begin(), sinks.end(), [](const auto& sink) { return sink->has_work(); });
    if (!sending && (now - moved >= kRouterStuck || (!router.is_appending() && !has_undecided()))) break;
    idle_timer.expires_at(std::min(until, now + 20ms));
    co_await idle_timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> Delivery::Rooms::wait_for_flights(Instant until, Instant until_of_the_unwell) {
  for (Instant now = Instant::clock::now(); now < until; now = Instant::clock::now()) {
    const bool over = std::all_of(sinks.begin(), sinks.end(), [&](const auto& sink) {
      return sink->is_idle() || (sink->is_unwell() && now >= until_of_the_unwell);
    });
    if (over) break;
    idle_timer.expires_at(now < until_of_the_unwell ? std::min(until, until_of_the_unwell) : until);
    co_await idle_timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> Delivery::stop(core::Duration grace) {
  Rooms& rooms = *rooms_;
  const Instant now = Instant::clock::now();
  const auto whole = std::chrono::duration_cast<Instant::duration>(grace);
  // The last sixth is for what is under way, so that an end in order repeats nothing at a sink that answers within it.
  co_await rooms.drain(now + whole - whole / 6);
  rooms.router.stop();
  for (const auto& sink : rooms.sinks) sink->stop();
  co_await rooms.wait_for_flights(now + whole, now + std::min<Instant::duration>(whole, kPatienceWithTheUnwell));
  for (const auto& sink : rooms.sinks) sink->cancel();
  const Instant cancelled = Instant::clock::now() + 300ms;
  co_await rooms.wait_for_flights(cancelled, cancelled);

  // Outputs that hold deliveries of their own (Kafka) report them now, so the cursors are saved after it. All at once,
  // in bounded time.
  auto closing = std::make_shared<std::size_t>(rooms.sinks.size());
  for (const auto& sink : rooms.sinks) {
    asio::awaitable<void> closed = sink->output().close();
    asio::co_spawn(rooms.loop, std::move(closed), [closing](const std::exception_ptr&) { --*closing; });
  }
  const auto until = Instant::clock::now() + 700ms;
  while (*closing > 0 && Instant::clock::now() < until) {
    asio::steady_timer pause{rooms.loop, 2ms};
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  const bool durable = co_await rooms.checkpoint.flush(1s);  // 8 s in all: Docker kills at ten
  if (!durable)
    core::log_error("state_not_saved",
                    {{"why", "state.db did not answer before the end; the last settlements will be repeated"}});
  rooms.checkpoint.stop();
  rooms.timer.cancel();
  rooms.started = false;
}

bool Delivery::has_undecided() const {
  return rooms_->router.is_appending() || rooms_->has_undecided();
}

Offset Delivery::routed_to() const {
  return rooms_->router.routed_to();
}

std::vector<SinkStatus> Delivery::status() const {
  std::vector<SinkStatus> all;
  const std::scoped_lock lock{rooms_->sinks_mutex};
  for (const auto& sink : rooms_->sinks) all.push_back(sink->report().status());
  return all;
}

}  // namespace hub
