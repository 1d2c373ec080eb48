// The one door to librdkafka: a producer whose delivery reports are read on our loop. librdkafka's threads only write
// to an eventfd, once each time its queue stops being empty; so whoever reads it must drain the queue, or will not be
// woken again.
#pragma once

#include "core/outcome.h"
#include "core/result.h"
#include "net/egress.h"
#include "outputs/kafka_tokens.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

struct rd_kafka_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;

namespace outputs {

struct KafkaMessage {
  std::string topic;
  std::string value;
  std::optional<std::string> key;
  std::vector<std::pair<std::string, std::string>> headers;
};

// What one error of librdkafka means for one alert. `code` is an rd_kafka_resp_err_t.
core::Outcome judge_kafka_error(int code, const std::string& why);

class KafkaProducer : public std::enable_shared_from_this<KafkaProducer> {
 public:
  using Properties = std::map<std::string, std::string>;

  // Fault::Invalid: a property, or a file it names, is refused. Connects in the background. `tokens`: for OAUTHBEARER;
  // asked when librdkafka wants one, which is at the beginning and at 80 % of a token's life.
  static core::Result<std::shared_ptr<KafkaProducer>> make(boost::asio::any_io_executor executor,
                                                           const Properties& properties, net::Egress egress = {},
                                                           std::shared_ptr<KafkaTokens> tokens = {});
  // Only looks at the properties, and at how they go together; connects to nobody.
  static core::Result<> check(const Properties& properties);
  ~KafkaProducer();

  // One outcome a message, in order, when all are reported or `patience` is over (librdkafka gives up earlier by
  // itself).
  boost::asio::awaitable<core::Outcomes> deliver(std::vector<KafkaMessage> messages, core::Duration patience);
  // It will deliver no more: a fatal error, or the brokers refuse our credentials. Make another.
  bool is_broken() const { return broken_.has_value(); }
  // Nothing is under way.
  bool is_idle() const { return flights_.empty(); }
  // How many topics it has been asked to send to. librdkafka forgets none before it is destroyed, also those that no
  // broker has.
  std::size_t topics() const { return topics_.size(); }
  bool knows(const std::string& topic) const { return topics_.contains(topic); }
  // Lets what is under way arrive for at most `grace`, then gives the rest up: their reports come, as Retry.
  boost::asio::awaitable<void> flush(core::Duration grace);
  // Destroying joins librdkafka's threads, which takes a while: on a thread of its own, for which the future's
  // destructor waits. Nothing may be sent afterwards.
  std::future<void> retire();

 private:
  struct Flight;
  KafkaProducer(boost::asio::any_io_executor executor, net::Egress egress);
  int produce(const KafkaMessage& message, std::uint64_t ticket);
  void listen();
  void drain();
  void report(const rd_kafka_message_s& message);
  void note_error(int code, const std::string& why);
  void give_up(core::Outcome verdict);
  static boost::asio::awaitable<void> refresh_token(std::shared_ptr<KafkaProducer> self);
  void use_token(TokenReply reply);

  boost::asio::any_io_executor executor_;
  boost::asio::posix::stream_descriptor wake_;
  std::shared_ptr<const net::Egress> egress_;  // asked on librdkafka's threads, until the last of them has ended
  std::shared_ptr<KafkaTokens> tokens_;
  boost::asio::cancellation_signal stop_fetching_;
  bool fetching_ = false;
  std::chrono::steady_clock::time_point token_ends_;
  std::string token_error_;  // why there is no new token; "" while all is well
  rd_kafka_s* kafka_ = nullptr;
  rd_kafka_queue_s* queue_ = nullptr;
  std::map<std::uint64_t, std::shared_ptr<Flight>> flights_;
  std::uint64_t next_flight_ = 1;
  std::set<std::string> topics_;
  bool delivered_ = false;               // anything, ever: then refused credentials are a passing fault of one broker
  std::string last_error_;               // what a timeout does not say
  std::optional<core::Outcome> broken_;  // what becomes of everything under way
};

}  // namespace outputs
