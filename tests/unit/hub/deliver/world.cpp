#include "tests/unit/hub/deliver/world.h"

#include "core/text.h"
#include "hub/ingest/alert_record.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tests {
namespace asio = boost::asio;

namespace {

class Scripted : public outputs::Output {
 public:
  explicit Scripted(Receiver& receiver) : receiver_{receiver} {}

  outputs::Limits limits() const override { return receiver_.limits; }
  std::string destination(const core::Alert& alert) const override { return receiver_.destination(alert); }

  asio::awaitable<core::Outcomes> send(core::Batch batch, outputs::Attempt) override {
    std::vector<std::string> rules;
    bool hangs = false;
    for (const core::AlertRef& alert : batch) {
      rules.push_back(alert->rule);
      hangs = hangs || receiver_.hangs.contains(alert->rule);
    }
    receiver_.requests.push_back(rules);
    receiver_.most_under_way = std::max(receiver_.most_under_way, ++receiver_.under_way);
    const core::Duration wait = hangs ? receiver_.hang_for : receiver_.latency;
    if (wait > core::Duration{}) {
      asio::steady_timer timer{co_await asio::this_coro::executor,
                               std::chrono::duration_cast<std::chrono::steady_clock::duration>(wait)};
      const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
      if (error) hangs = true;  // cancelled
    }
    --receiver_.under_way;
    if (hangs) co_return core::same_for_all(batch.size(), core::Retry{"timed out"});

    core::Outcomes outcomes;
    if (receiver_.answer_batch) {
      outcomes = receiver_.answer_batch(rules);
    } else {
      for (const core::AlertRef& alert : batch) outcomes.push_back(receiver_.answer(*alert));
    }
    for (std::size_t i = 0; i < outcomes.size() && i < rules.size(); ++i) {
      if (core::is<core::Delivered>(outcomes[i])) ++receiver_.delivered[rules[i]];
    }
    co_return outcomes;
  }

  asio::awaitable<void> close() override {
    receiver_.closed = true;
    co_return;
  }

 private:
  Receiver& receiver_;
};

std::string json_of(const std::string& rule, core::Priority priority, const std::vector<std::string>& tags) {
  std::string json = R"({"output":"something happened","priority":")" + std::string{core::to_text(priority)} +
                     R"(","rule":)" + core::json_quote(rule) +
                     R"(,"time":"2026-11-21T12:00:00.5Z","output_fields":{"proc.name":"cat"},"source":"syscall")";
  if (!tags.empty()) {
    json += R"(,"tags":[)";
    for (const std::string& tag : tags) json += (json.back() == '[' ? "" : ",") + core::json_quote(tag);
    json += "]";
  }
  return json + "}";
}

}  // namespace

std::unique_ptr<outputs::Output> scripted(Receiver& receiver) {
  return std::make_unique<Scripted>(receiver);
}

hub::NewRecord alert_record(const std::string& rule, core::Priority priority, const std::vector<std::string>& tags) {
  return {hub::RecordType::Alert,
          hub::encode_alert_record(core::make_alert_id(), core::now(), json_of(rule, priority, tags))};
}

World::World() = default;

World::~World() {
  crash();
}

Receiver& World::sink(const std::string& name) {
  auto& receiver = receivers_[name];
  if (!receiver) receiver = std::make_unique<Receiver>(name);
  if (std::find(order_.begin(), order_.end(), name) == order_.end()) order_.push_back(name);
  return *receiver;
}

void World::remove(const std::string& name) {
  std::erase(order_, name);
}

void World::start() {
  hub::Outputs outputs;
  for (const std::string& name : order_) {
    Receiver& receiver = *receivers_.at(name);
    outputs.sinks.push_back({.name = name,
                             .kind = "scripted",
                             .options = {.minimumpriority = receiver.minimumpriority,
                                         .queue = receiver.queue,
                                         .retry = receiver.retry,
                                         .rate = {}},
                             .output = std::make_unique<Scripted>(receiver)});
  }
  outputs.routes = routes;
  metrics = std::make_unique<hub::Metrics>();
  loop_ = std::make_unique<asio::io_context>(1);
  delivery_ = std::make_unique<hub::Delivery>(*loop_, journal, state, *metrics, std::move(outputs));
  journal.on_durable([this](hub::Offset) { delivery_->wake(); });
  delivery_->start().value();
}

void World::stop(core::Duration grace) {
  bool over = false;
  asio::awaitable<void> stopping = delivery_->stop(grace);
  asio::co_spawn(*loop_, std::move(stopping), [&over](const std::exception_ptr&) { over = true; });
  run_until([&] { return over; });
  crash();
}

void World::crash() {
  journal.on_durable({});
  delivery_.reset();
  loop_.reset();
  state.crash();
  for (auto& [name, receiver] : receivers_) receiver->under_way = 0;
}

void World::send(const std::string& rule, core::Priority priority, std::vector<std::string> tags) {
  sent.push_back(rule);
  journal.append({alert_record(rule, priority, tags)}, [](const core::Result<hub::Offset>&) {});
}

void World::send(std::size_t count, const std::string& prefix) {
  std::vector<hub::NewRecord> records;
  for (std::size_t i = 0; i < count; ++i) {
    sent.push_back(prefix + std::to_string(i));
    records.push_back(alert_record(sent.back()));
  }
  journal.append(std::move(records), [](const core::Result<hub::Offset>&) {});
}

bool World::run_until(const std::function<bool()>& condition, core::Duration patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    loop_->restart();
    loop_->run_one_for(std::chrono::milliseconds{20});
  }
  return true;
}

bool World::drain() {
  return run_until([this] {
    if (delivery_->has_undecided()) return false;  // not queued yet
    const auto all = delivery_->status();
    return std::all_of(all.begin(), all.end(),
                       [&](const hub::SinkStatus& one) { return one.queued == 0 && one.routed > 0; });
  });
}

void World::run_for(core::Duration duration) {
  const auto until = std::chrono::steady_clock::now() + duration;
  run_until([&] { return std::chrono::steady_clock::now() >= until; });
}

hub::SinkStatus World::status(const std::string& name) const {
  for (hub::SinkStatus& one : delivery_->status()) {
    if (one.name == name) return std::move(one);
  }
  return {};
}

bool World::balanced() const {
  const auto all = delivery_->status();
  return std::all_of(all.begin(), all.end(), [](const hub::SinkStatus& one) {
    return one.routed == one.delivered + one.dead_letters + one.dropped + one.queued;
  });
}

std::set<std::string> World::lost(const std::string& name) const {
  std::set<std::string> missing{sent.begin(), sent.end()};
  for (const auto& [rule, times] : receivers_.at(name)->delivered) missing.erase(rule);
  for (const hub::DeadLetter& letter : state.letters()) {
    if (letter.sink == name) missing.erase(letter.rule);
  }
  return missing;
}

}  // namespace tests
