// A request that did not arrive (no connection) goes to the next host at once. One that may have arrived (a deadline, a
// connection broken half way) is a Retry: whether a repeat does harm is for the output's idempotency and the hub's
// backoff, not for a loop here.
#include "outputs/http_sender.h"

#include "core/invariant.h"
#include "outputs/redaction.h"

#include <utility>

namespace outputs {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kMostAmendments = 8;  // an alert with more fields at odds with the store than this is refused
constexpr std::size_t kMostSteps = 16;   // of a preparation: an output that wants more is wrong

}  // namespace

Limits HttpSender::limits() const {
  Limits limits = output_->limits();
  limits.items = size_.most(limits.items);
  return limits;
}

boost::asio::awaitable<core::Outcomes> HttpSender::send(Batch batch, Attempt attempt) {
  if (!prepared_) {
    const auto unready = co_await prepare(attempt);
    if (unready) co_return core::same_for_all(batch.size(), *unready);
  }
  Turn turn = co_await send_once(batch, attempt);
  core::Outcomes outcomes = std::move(turn.outcomes);
  std::vector<std::size_t> places;  // of the alerts under way, in `batch`
  for (unsigned round = 0; !turn.amended.empty() && round < kMostAmendments; ++round) {
    std::vector<AlertRef> alerts;
    std::vector<std::size_t> next;
    for (Amended& amended : turn.amended) {
      INVARIANT(amended.index < (places.empty() ? batch.size() : places.size()));
      next.push_back(places.empty() ? amended.index : places[amended.index]);
      alerts.push_back(std::move(amended.alert));
    }
    places = std::move(next);
    turn = co_await send_once(alerts, attempt);
    for (std::size_t i = 0; i < places.size(); ++i) outcomes[places[i]] = std::move(turn.outcomes[i]);
  }
  co_return outcomes;
}

boost::asio::awaitable<std::optional<core::Outcome>> HttpSender::prepare(Attempt attempt) {
  attempt.host = hosts_.pick(attempt.host, Clock::now());
  std::vector<net::HttpReply> replies;
  for (std::size_t tries = 1; replies.size() <= kMostSteps;) {
    Preparation next = output_->prepare(replies, attempt);
    if (std::holds_alternative<Ready>(next)) {
      prepared_ = true;
      co_return std::nullopt;
    }
    if (auto* outcome = std::get_if<core::Outcome>(&next)) co_return std::move(*outcome);
    auto reply = co_await exchange(std::get<net::HttpRequest>(std::move(next)), attempt.host);
    if (reply) {
      replies.push_back(std::move(*reply));
      continue;
    }
    if (reply.error().fault != core::Fault::Unreachable || ++tries > hosts_.count())
      co_return core::Outcome{core::Retry{std::move(reply.error().what)}};
    attempt.host = hosts_.pick(attempt.host, Clock::now());
    replies.clear();
  }
  INVARIANT(replies.size() <= kMostSteps);
  co_return std::nullopt;
}

boost::asio::awaitable<HttpSender::Turn> HttpSender::send_once(Batch batch, Attempt attempt) {
  attempt.host = hosts_.pick(attempt.host, Clock::now());
  Rendered rendered = output_->request(batch, attempt);
  Turn turn{.outcomes = core::Outcomes(batch.size()), .amended = {}};
  std::vector<bool> refused(batch.size(), false);
  for (auto& [index, why] : rendered.rejected) {
    INVARIANT(index < batch.size());
    turn.outcomes[index] = core::Reject{std::move(why)};
    refused[index] = true;
  }
  if (rendered.rejected.size() == batch.size()) co_return turn;

  std::vector<AlertRef> rest;
  std::vector<std::size_t> places;  // empty: every alert is in its own
  Batch sent = batch;
  if (!rendered.rejected.empty()) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (refused[i]) continue;
      rest.push_back(batch[i]);
      places.push_back(i);
    }
    sent = rest;
  }

  auto reply = co_await exchange(std::move(rendered.request), attempt.host);
  for (std::size_t tries = 1; !reply && reply.error().fault == core::Fault::Unreachable && tries < hosts_.count();
       ++tries) {
    attempt.host = hosts_.pick(attempt.host, Clock::now());
    Rendered again = output_->request(batch, attempt);
    reply = co_await exchange(std::move(again.request), attempt.host);
  }
  core::Outcomes judged =
      reply ? output_->judge(sent, *reply) : core::same_for_all(sent.size(), core::Retry{reply.error().what});
  INVARIANT(judged.size() == sent.size());
  if (reply) {
    if (output_->asks_for_less(*reply))
      size_.refused(sent.size());
    else if (reply->status / 100 == 2)
      size_.passed(sent.size());
    turn.amended = output_->amend(sent, *reply, judged);
  }
  for (std::size_t i = 0; i < sent.size(); ++i) turn.outcomes[places.empty() ? i : places[i]] = std::move(judged[i]);
  if (!places.empty())
    for (Amended& amended : turn.amended) amended.index = places.at(amended.index);
  co_return turn;
}

boost::asio::awaitable<core::Result<net::HttpReply>> HttpSender::exchange(net::HttpRequest request, std::size_t host) {
  const Redaction redaction{request};
  auto reply = co_await client_->exchange(std::move(request));
  if (!reply) {
    hosts_.failed(host, Clock::now());
    // What was prepared may be gone: a server that comes back may come back empty.
    if (reply.error().fault == core::Fault::Unreachable) prepared_ = false;
    co_return std::move(reply);
  }
  redaction.apply(*reply);
  if (reply->status >= 502 && reply->status <= 504)
    hosts_.failed(host, Clock::now());
  else
    hosts_.answered(host);
  co_return std::move(reply);
}

}  // namespace outputs
