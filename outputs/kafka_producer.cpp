// A ticket (flight and index in one number) travels through librdkafka as the message's opaque: no pointer of ours is
// in its hands, so a report that comes after its sender has gone finds nothing, and that is all.
#include "outputs/kafka_producer.h"

#include "core/text.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace outputs {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using core::Error;
using core::Fault;

constexpr unsigned kIndexBits = 20;

void say_nothing(const rd_kafka_t*, int, const char*, const char*) {
}  // errors reach us as events; its own lines on stderr would not be ours

// Every connection of librdkafka's is made here, also to brokers that other brokers named.
int connect_if_allowed(int socket, const sockaddr* address, int length, const char*, void* opaque) {
  boost::asio::ip::tcp::endpoint endpoint;
  if (static_cast<std::size_t>(length) > endpoint.capacity()) return EINVAL;
  std::memcpy(endpoint.data(), address, static_cast<std::size_t>(length));
  endpoint.resize(static_cast<std::size_t>(length));
  if (!static_cast<const net::Egress*>(opaque)->why_not(endpoint.address()).empty()) return EACCES;
  if (::connect(socket, address, static_cast<socklen_t>(length)) == 0 || errno == EINPROGRESS) return 0;
  return errno;
}

// retire() cancels the fetching of a token, wherever it waits: that is its end, and no fault.
void rethrow_unless_cancelled(const std::exception_ptr& fault) {
  if (!fault) return;
  try {
    std::rethrow_exception(fault);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) throw;
  }
}

struct ConfigurationDeleter {
  void operator()(rd_kafka_conf_t* configuration) const { rd_kafka_conf_destroy(configuration); }
};
using Configuration = std::unique_ptr<rd_kafka_conf_t, ConfigurationDeleter>;

core::Result<Configuration> configure(const KafkaProducer::Properties& properties) {
  Configuration configuration{rd_kafka_conf_new()};
  char what[512];
  for (const auto& [name, value] : properties)
    if (rd_kafka_conf_set(configuration.get(), name.c_str(), value.c_str(), what, sizeof what) != RD_KAFKA_CONF_OK)
      return Error{Fault::Invalid, name == "sasl.password" ? "librdkafka refuses the password" : std::string{what}};
  rd_kafka_conf_set_events(configuration.get(),
                           RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH);
  rd_kafka_conf_set_log_cb(configuration.get(), say_nothing);
  return configuration;
}

}  // namespace

// What librdkafka 2.0 says when, against Kafka 3.9: see reference tests in tests/integration. Codes below 0 are its
// own, others the broker's.
core::Outcome judge_kafka_error(int code, const std::string& why) {
  switch (static_cast<rd_kafka_resp_err_t>(code)) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return core::Delivered{};
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return core::Throttle{100ms, core::About::Sink};  // its queue, not the broker's: what is in it drains by itself
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
      return core::Throttle{1s, core::About::Sink};
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
      return core::Reject{why};
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
      return core::Misconfigured{why};
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return core::Misconfigured{why, core::About::Sink};  // whatever the topic
    default:
      return core::Retry{why};  // the way there, the brokers, their replicas; and whatever a newer librdkafka knows
  }
}

struct KafkaProducer::Flight {
  Flight(const asio::any_io_executor& executor, std::size_t size) : outcomes(size), open{size}, landed{executor} {}
  std::vector<std::optional<core::Outcome>> outcomes;
  std::size_t open;
  asio::steady_timer landed;

  void settle(std::size_t index, core::Outcome outcome) {
    if (index >= outcomes.size() || outcomes[index]) return;
    outcomes[index] = std::move(outcome);
    if (--open == 0) landed.cancel();
  }
};

KafkaProducer::KafkaProducer(asio::any_io_executor executor, net::Egress egress)
    : executor_{std::move(executor)},
      wake_{executor_},
      egress_{std::make_shared<const net::Egress>(std::move(egress))} {}

core::Result<> KafkaProducer::check(const Properties& properties) {
  Properties alone = properties;
  alone.erase("bootstrap.servers");
  auto configuration = configure(alone);
  if (!configuration) return configuration.error();
  char what[512];
  rd_kafka_t* const kafka = rd_kafka_new(RD_KAFKA_PRODUCER, configuration->get(), what, sizeof what);
  if (!kafka) return Error{Fault::Invalid, what};
  configuration->release();
  rd_kafka_destroy(kafka);
  return {};
}

core::Result<std::shared_ptr<KafkaProducer>> KafkaProducer::make(asio::any_io_executor executor,
                                                                 const Properties& properties, net::Egress egress,
                                                                 std::shared_ptr<KafkaTokens> tokens) {
  auto configuration = configure(properties);
  if (!configuration) return configuration.error();
  std::shared_ptr<KafkaProducer> producer{new KafkaProducer{std::move(executor), std::move(egress)}};
  producer->tokens_ = std::move(tokens);
  rd_kafka_conf_set_opaque(configuration->get(), const_cast<net::Egress*>(producer->egress_.get()));
  rd_kafka_conf_set_connect_cb(configuration->get(), connect_if_allowed);
  const int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake < 0) return Error{Fault::Io, "no eventfd for Kafka"};
  producer->wake_.assign(wake);
  char what[512];
  producer->kafka_ = rd_kafka_new(RD_KAFKA_PRODUCER, configuration->get(), what, sizeof what);
  if (!producer->kafka_) return Error{Fault::Invalid, what};
  configuration->release();  // it belongs to the producer now
  producer->queue_ = rd_kafka_queue_get_main(producer->kafka_);
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(producer->queue_, wake, &one, sizeof one);
  producer->drain();
  producer->listen();
  return producer;
}

KafkaProducer::~KafkaProducer() {
  retire();  // and waits for it
}

void KafkaProducer::listen() {
  wake_.async_wait(asio::posix::stream_descriptor::wait_read,
                   [weak = weak_from_this()](const boost::system::error_code& error) {
                     const auto self = weak.lock();
                     if (error || !self) return;
                     std::uint64_t ignored = 0;
                     [[maybe_unused]] const auto size = ::read(self->wake_.native_handle(), &ignored, sizeof ignored);
                     self->drain();
                     if (self->kafka_) self->listen();
                   });
}

void KafkaProducer::drain() {
  while (rd_kafka_event_t* const event = kafka_ ? rd_kafka_queue_poll(queue_, 0) : nullptr) {
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
      while (const rd_kafka_message_t* const message = rd_kafka_event_message_next(event)) report(*message);
    } else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
      note_error(rd_kafka_event_error(event), core::printable(rd_kafka_event_error_string(event)));
    } else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH && tokens_ && !fetching_) {
      fetching_ = true;
      asio::co_spawn(executor_, refresh_token(shared_from_this()),
                     asio::bind_cancellation_slot(stop_fetching_.slot(),
                                                  [self = shared_from_this()](const std::exception_ptr& fault) {
                                                    self->fetching_ = false;
                                                    rethrow_unless_cancelled(fault);
                                                  }));
    }
    rd_kafka_event_destroy(event);
  }
}

void KafkaProducer::report(const rd_kafka_message_t& message) {
  const auto ticket = reinterpret_cast<std::uintptr_t>(message._private);
  core::Outcome outcome = core::Delivered{};
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    delivered_ = true;
  } else {
    std::string why = rd_kafka_err2str(message.err);
    const bool tells_nothing =
        message.err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT || message.err == RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (tells_nothing && !last_error_.empty()) why += ": " + last_error_;
    outcome = broken_ ? *broken_ : judge_kafka_error(message.err, why);
  }
  const auto flight = flights_.find(ticket >> kIndexBits);
  if (flight != flights_.end()) flight->second->settle(ticket & ((1u << kIndexBits) - 1), std::move(outcome));
}

void KafkaProducer::note_error(int code, const std::string& why) {
  if (broken_) return;
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    char what[512];
    const auto fatal = rd_kafka_fatal_error(kafka_, what, sizeof what);
    give_up(core::Retry{fmt::format("{}: {}", rd_kafka_err2name(fatal), core::printable(what))});
  } else if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION && !delivered_ && token_error_.empty()) {
    // It would try the same password for ever, and let every alert wait for its timeout.
    give_up(core::Misconfigured{why, core::About::Sink});
  } else if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || last_error_.empty()) {
    last_error_ = why;
  }
}

void KafkaProducer::give_up(core::Outcome verdict) {
  broken_ = std::move(verdict);
  rd_kafka_purge(kafka_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

asio::awaitable<void> KafkaProducer::refresh_token(std::shared_ptr<KafkaProducer> self) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto tokens = self->tokens_;
  TokenReply reply = co_await tokens->fetch();
  self->use_token(std::move(reply));
}

void KafkaProducer::use_token(TokenReply reply) {
  if (!kafka_ || broken_) return;
  char what[512];
  if (const auto* const token = std::get_if<KafkaToken>(&reply)) {
    const auto ends = std::chrono::system_clock::now() + token->lifetime;
    const auto error = rd_kafka_oauthbearer_set_token(
        kafka_, token->value.reveal().c_str(),
        std::chrono::duration_cast<std::chrono::milliseconds>(ends.time_since_epoch()).count(),
        tokens_->client().c_str(), nullptr, 0, what, sizeof what);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      token_ends_ = std::chrono::steady_clock::now() + token->lifetime;
      token_error_.clear();
      return;
    }
    reply = core::Outcome{core::Misconfigured{"librdkafka refuses the token", core::About::Sink}};
  }
  // While the last token lives, librdkafka goes on with it and asks again. Without one nothing can be delivered: what
  // is under way gets its verdict now, not at its timeout, and the next attempt begins anew.
  auto& verdict = std::get<core::Outcome>(reply);
  if (std::chrono::steady_clock::now() >= token_ends_) return give_up(std::move(verdict));
  if (const auto* const retry = std::get_if<core::Retry>(&verdict)) token_error_ = retry->why;
  if (const auto* const refused = std::get_if<core::Misconfigured>(&verdict)) token_error_ = refused->why;
  last_error_ = token_error_;
  rd_kafka_oauthbearer_set_token_failure(kafka_, token_error_.c_str());
}

int KafkaProducer::produce(const KafkaMessage& message, std::uint64_t ticket) {
  topics_.insert(message.topic);
  rd_kafka_headers_t* const headers = rd_kafka_headers_new(message.headers.size());
  for (const auto& [name, value] : message.headers)
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  const void* const key = message.key ? message.key->data() : nullptr;
  const std::size_t key_size = message.key ? message.key->size() : 0;
  const auto error = rd_kafka_producev(
      kafka_, RD_KAFKA_V_TOPIC(message.topic.c_str()), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_VALUE(const_cast<char*>(message.value.data()), message.value.size()), RD_KAFKA_V_KEY(key, key_size),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(static_cast<std::uintptr_t>(ticket))),
      RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return error;
}

asio::awaitable<core::Outcomes> KafkaProducer::deliver(std::vector<KafkaMessage> messages, core::Duration patience) {
  const auto self = shared_from_this();
  const std::uint64_t number = next_flight_++;
  const auto flight = std::make_shared<Flight>(executor_, messages.size());
  flights_[number] = flight;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const int error = broken_ || !kafka_ ? RD_KAFKA_RESP_ERR__FATAL : produce(messages[i], number << kIndexBits | i);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    flight->settle(
        i, broken_ ? *broken_ : judge_kafka_error(error, rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(error))));
  }
  messages.clear();
  if (flight->open > 0) {
    boost::system::error_code error;
    flight->landed.expires_after(patience);
    co_await flight->landed.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  flights_.erase(number);

  core::Outcomes outcomes;
  for (auto& outcome : flight->outcomes)
    outcomes.push_back(
        outcome ? std::move(*outcome)
                : core::Retry{"no delivery report from Kafka" + (last_error_.empty() ? "" : ": " + last_error_)});
  co_return outcomes;
}

asio::awaitable<void> KafkaProducer::flush(core::Duration grace) {
  const auto self = shared_from_this();
  asio::steady_timer timer{executor_};
  boost::system::error_code error;
  const auto until = [&](std::chrono::steady_clock::time_point end) {
    return kafka_ && rd_kafka_outq_len(kafka_) > 0 && std::chrono::steady_clock::now() < end;
  };
  for (const auto end = std::chrono::steady_clock::now() + grace; until(end) && !broken_;) {
    timer.expires_after(10ms);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
  }
  if (kafka_ && rd_kafka_outq_len(kafka_) > 0) give_up(core::Retry{"the hub stopped before Kafka reported"});
  for (const auto end = std::chrono::steady_clock::now() + 1s; until(end);) {
    timer.expires_after(10ms);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
  }
}

std::future<void> KafkaProducer::retire() {
  stop_fetching_.emit(asio::cancellation_type::terminal);
  if (!kafka_) return {};
  rd_kafka_purge(kafka_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  rd_kafka_queue_io_event_enable(queue_, -1, nullptr,
                                 0);  // before the eventfd goes: its number may soon be somebody else's file
  rd_kafka_queue_destroy(std::exchange(queue_, nullptr));
  boost::system::error_code ignored;
  wake_.close(ignored);
  return std::async(std::launch::async,
                    [kafka = std::exchange(kafka_, nullptr), egress = egress_] { rd_kafka_destroy(kafka); });
}

}  // namespace outputs
