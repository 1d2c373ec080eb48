// One coroutine on a thread of its own: take a batch, send it, judge the answer, wait, again. Only the spool and the counters are shared.
#include "detector/emit/http_channel.h"

#include "core/alert_id.h"
#include "core/log.h"
#include "core/text.h"
#include "core/units.h"
#include "detector/emit/gzip.h"
#include "detector/emit/http_verdict.h"
#include "detector/emit/spool.h"
#include "net/http_client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <atomic>
#include <random>
#include <thread>

namespace detector {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kBatchAlerts = 256;
constexpr std::size_t kBatchBytes = 256 << 10;
constexpr unsigned kAnsweredFailures = 10;   // so often may a receiver answer 500 to one alert before it is given up for the others' sake

class HttpChannel final : public Channel {
 public:
  HttpChannel(HttpOutput options, net::Url url, bool json, HttpTiming timing)
      : options_{std::move(options)}, url_{std::move(url)}, json_{json}, timing_{timing}, producer_{core::to_text(core::make_alert_id())},
        spool_{{.alerts = options_.spool_alerts, .bytes = options_.spool_bytes.count}}, retry_wait_{timing.first_retry} {}

  ~HttpChannel() override { stop(std::chrono::steady_clock::now()); }

  core::Result<> start();

  std::string_view name() const override { return "http"; }
  bool offer(LineRef line) override;
  void stop(Deadline deadline) override;
  ChannelStatus status() const override {
    return {.sent = sent_.load(), .dropped = spool_.dropped(), .failed = failed_.load(), .queued = spool_.size(), .crowded = spool_.crowded()};
  }

 private:
  asio::awaitable<void> run();
  asio::awaitable<Verdict> send(const Spool::Batch& batch);
  asio::awaitable<bool> wait(core::Duration time);   // false: woken before its end
  void settle(const Spool::Batch& batch, const Verdict& verdict);
  void again(const Verdict& verdict);
  void recovered();
  void give_up_first(const Verdict& verdict);
  net::HttpRequest request(const Spool::Batch& batch) const;

  const HttpOutput options_;
  const net::Url url_;
  const bool json_;
  const HttpTiming timing_;
  const std::string producer_;

  Spool spool_;
  std::atomic<std::uint64_t> sent_{0}, failed_{0};
  std::atomic<bool> spool_full_{false};

  // From here on the thread's own.
  asio::io_context io_{1};
  asio::steady_timer timer_{io_};
  asio::cancellation_signal cancel_;
  std::unique_ptr<net::HttpClient> client_;
  bool stopping_ = false;
  bool hub_ = false;
  bool idle_ = false;                   // waits for an alert, not for a receiver
  std::size_t batch_alerts_ = kBatchAlerts;
  unsigned attempts_ = 0;               // failures in a row; 0: the receiver is well
  unsigned answered_failures_ = 0;      // of these, 500s
  core::Duration retry_wait_;
  core::Duration next_wait_{0};
  std::chrono::steady_clock::time_point lost_since_;
  std::mt19937 random_{std::random_device{}()};
  std::thread thread_;
};

core::Result<> HttpChannel::start() {
  net::HttpClientOptions client;
  client.total_timeout = timing_.total_timeout;
  client.idle_connections = options_.keep_alive ? 1 : 0;
  client.idle_timeout = timing_.heartbeat * 3;
  client.tls.verify = !options_.insecure;
  client.tls.ca_file = options_.ca_cert.empty() ? options_.ca_bundle : options_.ca_cert;
  if (options_.mtls) {
    client.tls.cert_file = options_.client_cert;
    client.tls.key_file = options_.client_key;
  }
  auto made = net::HttpClient::make(io_.get_executor(), client);
  if (!made) return core::in_context("http_output", made.error());
  client_ = std::move(*made);

  auto ended = [this](std::exception_ptr fault) {
    client_.reset();   // its own timers must not keep the loop alive
    io_.stop();
    try {
      if (fault) std::rethrow_exception(fault);
    } catch (const boost::system::system_error& error) {
      // Cancelled: stop() ran out of time. Anything else is our bug, and must not look like a quiet end.
      if (error.code() != asio::error::operation_aborted) throw;
    }
  };
  asio::co_spawn(io_, run(), asio::bind_cancellation_slot(cancel_.slot(), std::move(ended)));
  thread_ = std::thread{[this] { io_.run(); }};
  return {};
}

bool HttpChannel::offer(LineRef line) {
  if (!spool_.push(std::move(line))) {
    if (!spool_full_.exchange(true)) core::log_error("output_full", {{"output", "http"}, {"spooled", fmt::to_string(spool_.size())}});
    return false;
  }
  if (spool_full_.exchange(false)) {
    core::log_warning("output_recovered", {{"output", "http"}, {"dropped_in_all", fmt::to_string(spool_.dropped())}});
  }
  // Posted, not called: the timer belongs to the thread, which sees the alert in the spool or is woken after it has begun to wait.
  asio::post(io_, [this] {
    if (idle_) timer_.cancel();
  });
  return true;
}

void HttpChannel::stop(Deadline deadline) {
  if (!thread_.joinable()) return;
  asio::steady_timer last{io_, deadline};
  asio::post(io_, [this, &last] {
    stopping_ = true;
    timer_.cancel();
    last.async_wait([this](boost::system::error_code fault) {
      if (!fault) cancel_.emit(asio::cancellation_type::terminal);
    });
  });
  thread_.join();
  if (const auto left = spool_.close(); left > 0) core::log_error("alerts_lost", {{"output", "http"}, {"count", fmt::to_string(left)}});
}

asio::awaitable<void> HttpChannel::run() {
  while (true) {
    const Spool::Batch batch = spool_.front(hub_ && json_ ? batch_alerts_ : 1, kBatchBytes);
    if (batch.lines.empty()) {
      if (stopping_) break;
      idle_ = true;
      const bool silent = co_await wait(hub_ ? timing_.heartbeat : core::Duration{std::chrono::hours{1}});
      idle_ = false;
      if (!silent || !hub_) continue;
    }
    const Verdict verdict = co_await send(batch);
    settle(batch, verdict);
    if (next_wait_ == core::Duration{0}) continue;
    if (stopping_) break;   // the receiver is away, and so are we
    const core::Duration pause = next_wait_;
    co_await wait(pause);
  }
}

asio::awaitable<bool> HttpChannel::wait(core::Duration time) {
  timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
  const auto token = asio::as_tuple(asio::use_awaitable);
  const auto [fault] = co_await timer_.async_wait(token);
  co_return !fault;
}

asio::awaitable<Verdict> HttpChannel::send(const Spool::Batch& batch) {
  net::HttpRequest message = request(batch);
  const auto reply = co_await client_->exchange(std::move(message));
  if (options_.echo && reply) core::log_info("http_answer", {{"status", fmt::to_string(reply->status)}, {"body", reply->body}});
  co_return judge(reply, batch.lines.size());
}

net::HttpRequest HttpChannel::request(const Spool::Batch& batch) const {
  net::HttpRequest message{.method = "POST", .url = url_, .headers = {}, .body = {}};
  for (const LineRef& line : batch.lines) {
    if (!message.body.empty()) message.body += '\n';
    message.body += line->text;
  }
  const bool several = batch.lines.size() > 1;
  message.headers = {{"User-Agent", options_.user_agent},
                     {"Content-Type", several ? "application/x-ndjson" : json_ ? "application/json" : "text/plain"},
                     {"Tocsin-Producer", producer_},
                     {"Tocsin-Sequence", fmt::to_string(batch.first)}};
  if (options_.compress_uploads && !message.body.empty()) {
    message.headers.push_back({"Content-Encoding", "gzip"});
    message.body = gzip(message.body);
  }
  return message;
}

void HttpChannel::settle(const Spool::Batch& batch, const Verdict& verdict) {
  next_wait_ = core::Duration{0};
  if (verdict.hub) hub_ = *verdict.hub;
  const bool heartbeat = batch.lines.empty();
  switch (verdict.kind) {
    case Verdict::Kind::Taken:
    case Verdict::Kind::TakenFirst: {
      recovered();
      const std::size_t taken = verdict.kind == Verdict::Kind::Taken ? batch.lines.size() : 1;
      sent_ += taken - verdict.rejected;
      failed_ += verdict.rejected;
      if (verdict.rejected > 0) core::log_error("alerts_refused", {{"output", "http"}, {"count", fmt::to_string(verdict.rejected)}});
      spool_.pop(taken);
      batch_alerts_ = std::min(kBatchAlerts, batch_alerts_ * 2);
      return;
    }
    case Verdict::Kind::Smaller:
      batch_alerts_ = batch.lines.size() / 2;
      return;
    case Verdict::Kind::Refused:
      if (!heartbeat) give_up_first(verdict);
      return;
    case Verdict::Kind::Again:
      // 500 to a batch may be the fault of one alert in it: alone, they show which.
      if (verdict.answered) batch_alerts_ = 1;
      if (verdict.answered && !heartbeat && batch.lines.size() == 1 && ++answered_failures_ >= kAnsweredFailures) return give_up_first(verdict);
      return again(verdict);
  }
}

void HttpChannel::again(const Verdict& verdict) {
  if (attempts_ == 0) {
    lost_since_ = std::chrono::steady_clock::now();
    core::log_warning("receiver_lost", {{"url", url_.to_text()}, {"why", verdict.why}});
  }
  ++attempts_;
  if (attempts_ == options_.max_consecutive_timeouts) {
    core::log_error("receiver_away", {{"url", url_.to_text()}, {"why", verdict.why}, {"spooled", fmt::to_string(spool_.size())}});
  }
  // Full jitter in the upper half: a fleet of detectors must not come back as one.
  std::uniform_int_distribution<std::int64_t> jitter{retry_wait_.count() / 2, retry_wait_.count()};
  next_wait_ = std::max(core::Duration{jitter(random_)}, core::Duration{std::chrono::seconds{verdict.retry_after_seconds}});
  retry_wait_ = std::min(retry_wait_ * 2, timing_.last_retry);
}

void HttpChannel::recovered() {
  if (attempts_ > 0) {
    core::log_info("receiver_recovered", {{"url", url_.to_text()}, {"attempts", fmt::to_string(attempts_)},
                                          {"after", core::to_text(core::Duration{std::chrono::steady_clock::now() - lost_since_})}});
  }
  attempts_ = answered_failures_ = 0;
  retry_wait_ = timing_.first_retry;
}

void HttpChannel::give_up_first(const Verdict& verdict) {
  core::log_error("alert_refused", {{"url", url_.to_text()}, {"why", verdict.why}});
  ++failed_;
  answered_failures_ = 0;
  spool_.pop(1);
}

}  // namespace

core::Result<std::unique_ptr<Channel>> make_http_channel(const HttpOutput& options, bool json, HttpTiming timing) {
  auto url = net::Url::parse(options.url.reveal());
  if (!url) return core::in_context("http_output.url", url.error());
  auto channel = std::make_unique<HttpChannel>(options, std::move(*url), json, timing);
  if (auto started = channel->start(); !started) return started.error();
  return std::unique_ptr<Channel>{std::move(channel)};
}

}  // namespace detector
