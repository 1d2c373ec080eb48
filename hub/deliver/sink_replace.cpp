// A sink whose options a reload changed: the queue stays, the output is another one.
#include "hub/deliver/sink_worker.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace hub {
namespace asio = boost::asio;

namespace {

// Holds on to the output until what it had open is ended.
asio::awaitable<void> close_output(std::shared_ptr<outputs::Output> output) {
  co_await output->close();
}

}  // namespace

void SinkWorker::replace(Sink sink) {
  const Instant now = Instant::clock::now();
  retired_.emplace_back(generation_++, std::move(sink_.output));
  sink_ = std::move(sink);

  // What the old output was told of destinations, rates and faults says nothing of the new one.
  holds_ = Holds{};
  breaker_ = Breaker{sink_.options.retry};
  in_outage_ = false;
  bucket_ = TokenBucket{sink_.options.rate.value_or(sink_.output->limits().rate), now};
  for (auto& [offset, pending] : window_) {
    pending.destination.clear();
    pending.parked = false;
    pending.may_be_its_fault = false;
  }
  parked_ = 0;
  retries_rest_until_ = now;
  retries_.make_all_due(now);
  report_.begin_anew(sink_.kind);
  close_retired();
  pump();
}

// By the old output: what it delivered is delivered. Everything else was judged by options that are no more, so the new
// output judges again.
void SinkWorker::landed_late(const Flight& flight, const core::Outcomes& outcomes, Instant now) {
  std::uint64_t delivered = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Offset offset = flight.offsets[i];
    if (core::is<core::Delivered>(outcomes[i])) {
      report_.end_to_end(std::max(core::Duration{}, core::Duration{core::now() - flight.alerts[i]->received}));
      forget(offset);
      ++delivered;
    } else {
      retries_.push(offset, window_.at(offset).attempts, now);
    }
  }
  if (delivered > 0) {
    report_.delivered(delivered);
    ++version_;
    shared_.checkpoint.settled(delivered);
  }
  close_retired();
  if (flights_.empty() && on_idle_) on_idle_();
  pump();
}

// The coroutine of a request that has just landed may still stand in its output: closing comes in a later turn.
void SinkWorker::close_retired() {
  std::erase_if(retired_, [this](auto& retired) {
    const bool used = std::any_of(flights_.begin(), flights_.end(),
                                  [&](const Flight& flight) { return flight.generation == retired.first; });
    if (used) return false;
    asio::post(shared_.loop, [&loop = shared_.loop, output = std::move(retired.second)] {
      asio::co_spawn(loop, close_output(output), [](const std::exception_ptr&) {});
    });
    return true;
  });
}

}  // namespace hub
