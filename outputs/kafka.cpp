// Kafka: one record an alert (its JSON, without a newline), with headers id, priority and rule, delivered when the
// delivery report says so. Idempotence removes duplicates only within one producer's life; across restarts the header
// `id` tells them apart.
#include "core/payload.h"
#include "outputs/kafka_options.h"
#include "outputs/kafka_producer.h"
#include "outputs/options.h"

#include <fmt/format.h>

#include <future>
#include <set>

namespace outputs {
namespace {

using namespace std::chrono_literals;

// What librdkafka may know of topics before it begins anew: a template's holes are filled by whoever chooses a
// namespace's name.
constexpr std::size_t kMostTopics = 500;

class Kafka final : public Output {
 public:
  Kafka(KafkaOptions options, boost::asio::any_io_executor executor)
      : options_{std::move(options)}, executor_{std::move(executor)} {}
  ~Kafka() override {
    replace();
    for (const auto& producer : leaving_) retired_.push_back(producer->retire());
  }

  Limits limits() const override { return options_.batch.limits(4); }
  std::string destination(const core::Alert& alert) const override {
    return options_.topic.is_fixed() ? std::string{} : options_.topic_of(alert);
  }
  boost::asio::awaitable<core::Outcomes> send(Batch batch, Attempt attempt) override;
  boost::asio::awaitable<void> close() override;

 private:
  KafkaMessage to_message(const core::Alert& alert) const;
  bool has_room(const std::vector<KafkaMessage>& messages) const;
  enum class Batches { Usual, OfOne };
  core::Result<std::shared_ptr<KafkaProducer>> make_producer(Batches batches) const;
  void replace();
  void let_go();

  KafkaOptions options_;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<KafkaProducer> producer_;
  std::shared_ptr<KafkaProducer> alone_;                 // for what was refused together with others
  std::vector<std::shared_ptr<KafkaProducer>> leaving_;  // replaced; others may still wait for their reports
  std::vector<std::future<void>> retired_;
  bool closed_ = false;
};

boost::asio::awaitable<core::Outcomes> Kafka::send(Batch batch, Attempt) {
  if (closed_) co_return core::same_for_all(batch.size(), core::Retry{"the output is closed"});
  std::vector<KafkaMessage> messages;
  for (const AlertRef& alert : batch) messages.push_back(to_message(*alert));
  if (producer_ && (producer_->is_broken() || !has_room(messages))) replace();
  let_go();
  if (!producer_) {
    auto made = make_producer(Batches::Usual);
    if (!made) co_return core::same_for_all(batch.size(), core::Misconfigured{made.error().what, core::About::Sink});
    producer_ = std::move(*made);
  }
  const auto producer = producer_;
  const core::Duration patience =
      options_.total + 10s;  // librdkafka's own timeout is `total`: this is for the day it forgets a report
  core::Outcomes outcomes = co_await producer->deliver(std::move(messages), patience);

  // The broker judges a record batch as a whole, and librdkafka fills one from all that is under way, other requests'
  // alerts too: one that is too large takes its neighbours along. In a batch of its own each gets its own verdict.
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!core::is<core::Reject>(outcomes[i])) continue;
    if (alone_ && alone_->is_broken()) leaving_.push_back(std::exchange(alone_, nullptr));
    if (!alone_) {
      auto made = make_producer(Batches::OfOne);
      if (!made) continue;
      alone_ = std::move(*made);
    }
    const auto judge = alone_;
    std::vector<KafkaMessage> single;
    single.push_back(to_message(*batch[i]));
    const core::Outcomes verdict = co_await judge->deliver(std::move(single), patience);
    outcomes[i] = verdict.front();
  }
  co_return outcomes;
}

boost::asio::awaitable<void> Kafka::close() {
  closed_ = true;
  replace();
  const auto leaving = leaving_;
  for (const auto& producer : leaving) co_await producer->flush(3s);
  for (const auto& producer : leaving_) retired_.push_back(producer->retire());
  leaving_.clear();
}

bool Kafka::has_room(const std::vector<KafkaMessage>& messages) const {
  std::set<std::string_view> fresh;
  for (const KafkaMessage& message : messages)
    if (!producer_->knows(message.topic)) fresh.insert(message.topic);
  return fresh.empty() || producer_->topics() + fresh.size() <= kMostTopics || producer_->topics() == 0;
}

core::Result<std::shared_ptr<KafkaProducer>> Kafka::make_producer(Batches batches) const {
  std::shared_ptr<KafkaTokens> tokens;
  if (options_.has_oauth()) {
    auto made = KafkaTokens::make(executor_, options_.oauth,
                                  {.connect_timeout = options_.connect,
                                   .total_timeout = options_.total,
                                   .tls = options_.tls_of_hub,
                                   .egress = options_.egress});
    if (!made) return made.error();
    tokens = std::move(*made);
  }
  auto properties = options_.properties();
  if (batches == Batches::OfOne) properties["batch.num.messages"] = "1";
  return KafkaProducer::make(executor_, properties, options_.egress, std::move(tokens));
}

void Kafka::replace() {
  for (auto* each : {&producer_, &alone_})
    if (*each) leaving_.push_back(std::exchange(*each, nullptr));
}

// Destroys what nobody waits for any more.
void Kafka::let_go() {
  std::erase_if(leaving_, [this](const auto& producer) {
    if (!producer->is_idle()) return false;
    retired_.push_back(producer->retire());
    return true;
  });
  std::erase_if(retired_,
                [](const auto& done) { return !done.valid() || done.wait_for(0s) == std::future_status::ready; });
}

KafkaMessage Kafka::to_message(const core::Alert& alert) const {
  KafkaMessage message{.topic = options_.topic_of(alert),
                       .value = core::to_payload(alert),
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
