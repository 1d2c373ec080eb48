// The sweep: deadlines are looked at four times a second for all connections, which is cheaper than a timer armed at
// every read.
#include "hub/http/loop.h"

#include "hub/http/connection.h"

#include <boost/asio/post.hpp>

#include <pthread.h>

#include <ctime>

namespace hub {
namespace {

constexpr auto kSweep = std::chrono::milliseconds{250};

}  // namespace

Reply::~Reply() {
  if (connection_)
    send({.status = 500,
          .content_type = "text/plain; charset=utf-8",
          .headers = {},
          .body = "the request was lost inside the hub\n"});
}

void Reply::send(Response response) {
  Loop& loop = connection_->loop();
  loop.answer(std::move(connection_), number_, std::move(response));
}

void Reply::remember(RequestKey key) {
  connection_->remember(number_, key);
}

Loop::Loop(const HttpServerOptions& options, std::unique_ptr<RequestHandler> handler, Peers* peers)
    : options_{options}, handler_{std::move(handler)}, peers_{peers} {
  renew_date();
}

Loop::~Loop() = default;

void Loop::start() {
  sweep();
  thread_ = std::thread{[this] {
    pthread_setname_np(pthread_self(), "ingest");
    context_.run();
  }};
}

void Loop::finish() {
  boost::asio::post(context_, [this] {
    finishing_ = true;
    const auto all = connections_;  // finish() may take a connection out
    for (const auto& connection : all) connection->finish();
  });
}

void Loop::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
  connections_.clear();
}

void Loop::adopt(LoopSocket socket, Door door) {
  const auto connection = std::make_shared<Connection>(*this, std::move(socket), door);
  connections_.insert(connection);
  connection->start();
}

void Loop::forget(const std::shared_ptr<Connection>& connection) {
  if (connections_.erase(connection) > 0) unreserve();
}

void Loop::answer(std::shared_ptr<Connection> connection, std::uint64_t number, Response response) {
  if (on_loop()) {
    connection->answer(number, std::move(response));
    connection->flush();
    return;
  }
  const std::lock_guard lock{mutex_};
  answers_.push_back({std::move(connection), number, std::move(response)});
  if (!std::exchange(woken_, true)) boost::asio::post(context_, [this] { write_answers(); });
}

void Loop::write_answers() {
  {
    const std::lock_guard lock{mutex_};
    writing_.swap(answers_);
    woken_ = false;
  }
  for (auto& each : writing_) each.connection->answer(each.number, std::move(each.response));
  for (auto& each : writing_) each.connection->flush();  // pipelined requests on one connection share a write
  writing_.clear();
}

void Loop::sweep() {
  renew_date();
  const SteadyTime now = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<Connection>> late;
  for (const auto& connection : connections_)
    if (connection->needs_attention(now)) late.push_back(connection);
  for (const auto& connection : late) connection->attend(now);
  sweeper_.expires_after(kSweep);
  sweeper_.async_wait([this](boost::system::error_code fault) {
    if (!fault) sweep();
  });
}

void Loop::renew_date() {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
}

}  // namespace hub
