// What a destination is to the hub. An output is a leaf: options, request, judge; no retry, metric or log in it. hub/deliver does the rest.
#pragma once

#include "core/alert.h"
#include "core/fields.h"
#include "core/outcome.h"
#include "core/units.h"
#include "net/http_message.h"
#include "net/http_client.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace outputs {

using core::AlertRef;
using core::Batch;

struct Attempt {
  unsigned number = 1;        // which try of this alert (the highest in the batch), from 1
  core::TimePoint now;        // for signatures
  std::size_t host = 0;       // which of several hosts; counts up at each try, the output takes it modulo
};

// What the destination can take at once. The configuration may ask for less.
struct Limits {
  std::size_t items = 1;               // 1: one alert a request
  std::size_t bytes = 1 << 20;         // of alert JSON in one request
  core::Duration max_wait{};           // how long to wait for a fuller batch; 0: not at all
  core::Rate rate;                     // before sending; per_second 0: unlimited
  unsigned concurrency = 1;            // requests under way
};

class Output {                          // kafka, stdout, file: speak for themselves. HTTP outputs are wrapped into one (http_output.h).
 public:
  virtual ~Output() = default;
  virtual Limits limits() const = 0;    // defaults of the kind, narrowed by its `batch:` options
  // What Throttle and Misconfigured are about, when a template chose it (a channel, an index, a topic); "" : the sink itself.
  virtual std::string destination(const core::Alert&) const { return {}; }
  // One outcome an alert, in order. Remote faults are outcomes, never exceptions. Called on the delivery loop, at most `concurrency` at once.
  // The batch stays alive until the awaitable ends.
  virtual boost::asio::awaitable<core::Outcomes> send(Batch batch, Attempt attempt) = 0;
  // Ends what the output has open; whatever is unreported after this counts as unsettled. Default: nothing.
  virtual boost::asio::awaitable<void> close();
};

// A request, or the reasons why there is none for some alerts.
struct Rendered {
  net::HttpRequest request;
  std::vector<std::pair<std::size_t, std::string>> rejected;   // (index in the batch, why): not part of the request
};

// What is to be done before the first alert goes: nothing (more), a request, or the verdict that it cannot be done now.
struct Ready {};
using Preparation = std::variant<Ready, net::HttpRequest, core::Outcome>;

// An alert of a batch in the form in which the destination may take it after all.
struct Amended {
  std::size_t index;   // in the batch
  AlertRef alert;      // the same id
};

class HttpOutput {                      // most outputs: two pure functions; the wire is not theirs
 public:
  virtual ~HttpOutput() = default;
  virtual Limits limits() const = 0;
  virtual std::string destination(const core::Alert&) const { return {}; }
  virtual Rendered request(Batch batch, const Attempt& attempt) const = 0;
  // `batch` holds only the alerts that were part of the request. Default: judge_by_status.
  virtual core::Outcomes judge(Batch batch, const net::HttpReply& reply) const;

  // How many hosts `request` chooses from by attempt.host, modulo. One that cannot be reached is passed over at once for the next.
  virtual std::size_t hosts() const { return 1; }
  // What must stand at the destination before the first alert (an index template, a lifecycle policy). Asked before a send, with the
  // replies to the requests it gave so far in this run, until it says Ready; then not again before a host was away. An outcome is what
  // becomes of the alerts that were to be sent, and the next send begins anew, so backoff, pause and probe are those of any alert.
  // Must be idempotent: two senders may prepare at once. Default: Ready.
  virtual Preparation prepare(std::span<const net::HttpReply> replies, const Attempt& attempt) const;
  // After judge: alerts to be sent once more in the same turn, changed or not; their outcomes are then those of that request. Called
  // again on its reply, a few times at most. Default: none.
  virtual std::vector<Amended> amend(Batch batch, const net::HttpReply& reply, const core::Outcomes& judged) const;
  // True: the request was too much at once, and the next ones should hold fewer alerts. Default: 413.
  virtual bool asks_for_less(const net::HttpReply& reply) const { return reply.status == 413; }
};

// 2xx Delivered; 429 Throttle (Retry-After in seconds or as a date, else 0 = "hub/deliver chooses: 1 s doubling to 60 s");
// 503 with Retry-After Throttle; 408, 425, other 5xx (not 501) Retry; 3xx, 401, 403, 404, 405, 410, 501 Misconfigured; other 4xx Reject
// (hub/deliver bisects a batch refused as a whole). `why` quotes status and the start of the body, made printable.
core::Outcome judge_by_status(const net::HttpReply& reply);
// Retry-After in both forms; nothing or nonsense: 0. At most 1 h.
core::Duration retry_after(const net::HttpReply& reply, core::TimePoint now);

// A 400 in HTML: not the API's word on the alerts but that of a proxy before it, such as nginx's on a client certificate that is
// missing. Misconfigured, for outputs whose API speaks otherwise.
bool is_proxy_page(const net::HttpReply& reply);

// What every output gets from the hub beside its options.
struct Surroundings {
  boost::asio::any_io_executor executor;   // the delivery loop
  net::TlsOptions tls;                     // falcosidekick's tlsclient / mutualtlsclient, as defaults
  net::Egress egress = {};                 // where requests may go
};

// Reads the options of one kind and builds the output. With a listing `fields`, or when `fields` got errors: nullptr.
using Factory = std::unique_ptr<Output> (*)(core::Fields& fields, const Surroundings& surroundings);

struct Kind {
  std::string_view name;     // "slack"
  Factory make;
};

// From outputs.def, in its order.
std::span<const Kind> kinds();
const Kind* find_kind(std::string_view name);

}  // namespace outputs
