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

class HttpOutput {                      // most outputs: two pure functions; the wire is not theirs
 public:
  virtual ~HttpOutput() = default;
  virtual Limits limits() const = 0;
  virtual std::string destination(const core::Alert&) const { return {}; }
  virtual Rendered request(Batch batch, const Attempt& attempt) const = 0;
  // `batch` holds only the alerts that were part of the request. Default: judge_by_status.
  virtual core::Outcomes judge(Batch batch, const net::HttpReply& reply) const;
};

// 2xx Delivered; 429 Throttle (Retry-After in seconds or as a date, else 0 = "hub/deliver chooses: 1 s doubling to 60 s");
// 503 with Retry-After Throttle; 408, 425, other 5xx (not 501) Retry; 3xx, 401, 403, 404, 405, 410, 501 Misconfigured; other 4xx Reject
// (hub/deliver bisects a batch refused as a whole). `why` quotes status and the start of the body, made printable.
core::Outcome judge_by_status(const net::HttpReply& reply);
// Retry-After in both forms; nothing or nonsense: 0. At most 1 h.
core::Duration retry_after(const net::HttpReply& reply, core::TimePoint now);

// What every output gets from the hub beside its options.
struct Surroundings {
  boost::asio::any_io_executor executor;   // the delivery loop
  net::TlsOptions tls;                     // falcosidekick's tlsclient / mutualtlsclient, as defaults
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
