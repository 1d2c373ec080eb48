// A reload, on the delivery loop: what takes time (new cursors made durable, a decision under way) comes first; then
// sinks and routes change in one turn of the loop.
#include "hub/deliver/delivery_rooms.h"

#include "core/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <set>

namespace hub {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 5s;  // with state.db, with a decision under way, with a sink of that name that is leaving

asio::awaitable<void> pause(asio::io_context& loop) {
  asio::steady_timer timer{loop, 1ms};
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> end_output(std::shared_ptr<SinkWorker> sink) {
  co_await sink->output().close();
}

}  // namespace

SinkWorker* Delivery::Rooms::find(std::string_view name) const {
  const auto found = std::find_if(sinks.begin(), sinks.end(), [&](const auto& sink) { return sink->name() == name; });
  return found == sinks.end() ? nullptr : found->get();
}

asio::awaitable<Delivery::Reloaded> Delivery::reload(Outputs outputs) {
  Rooms& r = *rooms_;
  Reloaded reloaded;
  RouteTable table = table_of(outputs);
  std::vector<std::string> order;
  for (const Sink& sink : outputs.sinks) order.push_back(sink.name);

  // A sink that a reload just before took away must have left before one of its name comes.
  auto until = Instant::clock::now() + kPatience;
  while (!r.leaving.empty() && Instant::clock::now() < until) co_await pause(r.loop);
  for (const auto& sink : r.leaving) sink->cancel();
  until = Instant::clock::now() + kPatience;
  while (!r.leaving.empty() && Instant::clock::now() < until) co_await pause(r.loop);

  for (Sink& sink : outputs.sinks) {
    if (r.find(sink.name) != nullptr) continue;
    const std::string name = sink.name;
    if (auto admitted = r.admit(std::move(sink)); !admitted)
      core::log_error("sink_not_opened", {{"sink", name}, {"why", admitted.error().what}});
    reloaded.added.push_back(name);
  }
  // An alert acknowledged a moment after the new routes is a new sink's after any crash.
  if (!reloaded.added.empty() && !co_await r.checkpoint.flush(kPatience))
    core::log_error("state_not_saved", {{"why", "state.db did not answer"},
                                        {"effect", "a crash before it does lets new sinks begin later"}});
  // What is being decided names the sinks of before.
  until = Instant::clock::now() + kPatience;
  while (r.router.is_appending() && Instant::clock::now() < until) co_await pause(r.loop);

  r.router.replace(table);
  r.lost.replace(std::move(table));
  for (Sink& sink : outputs.sinks) {
    if (!sink.output) continue;  // it was admitted above
    SinkWorker* worker = r.find(sink.name);
    if (worker == nullptr) continue;
    if (worker->fingerprint() == sink.fingerprint) {
      ++reloaded.unchanged;
      continue;
    }
    reloaded.changed.push_back(sink.name);
    worker->replace(std::move(sink));
  }

  std::vector<std::unique_ptr<SinkWorker>> gone;
  {
    const std::scoped_lock lock{r.sinks_mutex};
    std::vector<std::unique_ptr<SinkWorker>> kept;
    for (const std::string& name : order) {
      const auto found =
          std::find_if(r.sinks.begin(), r.sinks.end(), [&](const auto& sink) { return sink && sink->name() == name; });
      if (found != r.sinks.end()) kept.push_back(std::move(*found));
    }
    for (auto& sink : r.sinks)
      if (sink) gone.push_back(std::move(sink));
    r.sinks = std::move(kept);
  }
  for (auto& sink : gone) {
    reloaded.removed.push_back(sink->name());
    r.let_go(std::move(sink));
  }
  r.router.wake();
  r.pump_all();
  co_return reloaded;
}

// A sink that was not there until now, or is back.
core::Result<> Delivery::Rooms::admit(Sink sink) {
  const std::string name = sink.name;
  const auto before = departed.find(name);
  auto opened = before == departed.end()
                    ? open_sink(std::move(sink), nullptr, {}, router.decided())
                    : open_sink(std::move(sink), &before->second.cursor, before->second.totals, router.decided());
  if (!opened) return opened.error();
  std::erase_if(removed_sinks, [&](const auto& removed) {
    if (removed->name() != name) return false;
    checkpoint.untrack(*removed);
    return true;
  });
  departed.erase(name);
  checkpoint.track(**opened);
  checkpoint.also({.configured = {name}});
  const std::scoped_lock lock{sinks_mutex};
  sinks.push_back(std::move(*opened));
  return {};
}

void Delivery::Rooms::let_go(std::unique_ptr<SinkWorker> sink) {
  SinkWorker* const worker = sink.get();
  worker->stop();
  leaving.push_back(std::move(sink));
  // Not from within its own last request.
  auto later = [this, worker] {
    asio::post(loop, [this, worker, guard = std::weak_ptr{alive}] {
      if (!guard.expired()) depart(worker);
    });
  };
  worker->on_idle(later);
  if (worker->is_idle()) later();
}

// Nothing of it is under way any more: its place in the journal is kept by its backlog alone.
void Delivery::Rooms::depart(const SinkWorker* sink) {
  const auto found = std::find_if(leaving.begin(), leaving.end(), [&](const auto& each) { return each.get() == sink; });
  if (found == leaving.end() || !sink->is_idle()) return;
  const std::shared_ptr<SinkWorker> worker = std::move(*found);
  leaving.erase(found);

  const std::string& name = worker->name();
  const core::TimePoint now = core::now();
  StateChange change;
  worker->collect(change);
  change.removed[name] = now;
  departed[name] = {change.cursors[name], change.totals[name]};
  if (const std::uint64_t queued = worker->report().queued(); queued > 0) {
    removed_sinks.push_back(std::make_unique<RemovedSink>(name, worker->position(), queued, now));
    checkpoint.track(*removed_sinks.back());
  }
  checkpoint.untrack(*worker);
  checkpoint.also(std::move(change));
  worker->report().begin_anew(worker->report().status().kind);  // its gauges stay; what they warn of does not
  worker->report().oldest_age({});
  asio::co_spawn(loop, end_output(worker), [worker](const std::exception_ptr&) {});
}

}  // namespace hub
