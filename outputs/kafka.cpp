// Kafka: one record an alert (its JSON, without a newline), with headers id, priority and rule, delivered when the
// delivery report says so. Idempotence removes duplicates only within one producer's life; across restarts the header
// `id` tells them apart.
#include "core/payload.h"
#include "outputs/kafka_options.h"
#include "outputs/kafka_producer.h"
#include "outputs/options.h"

#include <fmt/format.h>

namespace outputs {
namespace {

using namespace std::chrono_literals;

class Kafka final : public Output {
 public:
  Kafka(KafkaOptions options, boost::asio::any_io_executor executor)
      : options_{std::move(options)}, executor_{std::move(executor)} {}
  ~Kafka() override {
    if (producer_) retire();
    for (std::thread& thread : retired_) thread.join();
  }

  Limits limits() const override { return options_.batch.limits(4); }
  boost::asio::awaitable<core::Outcomes> send(Batch batch, Attempt attempt) override;
  boost::asio::awaitable<void> close() override;

 private:
  KafkaMessage to_message(const core::Alert& alert) const;
  void retire();

  KafkaOptions options_;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<KafkaProducer> producer_;
  std::vector<std::thread> retired_;
  bool closed_ = false;
};

boost::asio::awaitable<core::Outcomes> Kafka::send(Batch batch, Attempt) {
  if (closed_) co_return core::same_for_all(batch.size(), core::Retry{"the output is closed"});
  if (producer_ && producer_->is_broken()) retire();
  if (!producer_) {
    auto made = KafkaProducer::make(executor_, options_.properties(), options_.topic, options_.egress);
    if (!made) co_return core::same_for_all(batch.size(), core::Misconfigured{made.error().what});
    producer_ = std::move(*made);
  }
  const auto producer = producer_;
  const core::Duration patience =
      options_.total + 10s;  // librdkafka's own timeout is `total`: this is for the day it forgets a report
  std::vector<KafkaMessage> messages;
  for (const AlertRef& alert : batch) messages.push_back(to_message(*alert));
  core::Outcomes outcomes = co_await producer->deliver(std::move(messages), patience);

  // The broker judges a record batch as a whole: one alert over its limit takes its neighbours along. Alone, each gets
  // its own verdict.
  for (std::size_t i = 0; batch.size() > 1 && i < outcomes.size(); ++i) {
    if (!core::is<core::Reject>(outcomes[i]) || producer->is_broken()) continue;
    std::vector<KafkaMessage> single;
    single.push_back(to_message(*batch[i]));
    const core::Outcomes alone = co_await producer->deliver(std::move(single), patience);
    outcomes[i] = alone.front();
  }
  co_return outcomes;
}

boost::asio::awaitable<void> Kafka::close() {
  closed_ = true;
  if (!producer_) co_return;
  const auto producer = producer_;
  co_await producer->flush(3s);
  if (producer_) retire();
}

void Kafka::retire() {
  if (std::thread thread = producer_->retire(); thread.joinable()) retired_.push_back(std::move(thread));
  producer_.reset();
}

KafkaMessage Kafka::to_message(const core::Alert& alert) const {
  KafkaMessage message{.value = core::to_payload(alert),
                       .key = {},
                       .headers = {{"id", core::to_text(alert.id)},
                                   {"priority", std::string{core::to_text(alert.priority)}},
                                   {"rule", alert.rule}}};
  if (!options_.key_template.empty()) message.key = options_.key_template.render(alert);
  return message;
}

}  // namespace

std::unique_ptr<Output> make_kafka(core::Fields& fields, const Surroundings& surroundings) {
  const Reading reading{fields};
  KafkaOptions options;
  options.describe(fields, surroundings.tls);
  options.egress = surroundings.egress;
  if (reading.failed()) return nullptr;
  if (const auto checked = KafkaProducer::check(options.properties()); !checked) {
    fields.error("hostport", fmt::format("{}: {}", fields.owner(), checked.error().what));
    return nullptr;
  }
  return std::make_unique<Kafka>(std::move(options), surroundings.executor);
}

}  // namespace outputs
