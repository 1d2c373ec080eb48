// Any reply of any server to each HTTP output: one outcome an alert, each with a reason that a person can read. The
// first byte chooses how many alerts were sent, the second the status, then headers up to an empty line, then the body.
#include "core/alert_decoder.h"
#include "core/text.h"
#include "core/yaml.h"
#include "outputs/http_output.h"
#include "targets.h"
#include "tests/fuzz/property.h"

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>

#include <algorithm>

namespace fuzz {
namespace {

constexpr int kStatuses[] = {200, 201, 202, 204, 207, 301, 307, 400, 401, 403, 404, 405, 408, 409, 410,
                             413, 415, 422, 425, 429, 499, 500, 501, 502, 503, 504, 507, 599, 100, 999};
constexpr std::size_t kMostReason = 4096;

struct Made {
  std::string kind;
  std::unique_ptr<outputs::Output> output;
};

struct Room {
  boost::asio::io_context loop;
  std::vector<Made> made;
  std::vector<core::AlertRef> alerts;

  Room() {
    for (int i = 0; i < 4; ++i) {
      auto alert = core::AlertDecoder{}.decode(fmt::format(
          R"({{"output":"o {0}","priority":"Error","rule":"R{0}","time":"2019-05-17T15:31:56.7Z","output_fields":{{"proc.name":"p{0}"}}}})",
          i));
      alert->id.bytes[15] = static_cast<std::uint8_t>(i + 1);
      alerts.push_back(std::make_shared<const core::Alert>(std::move(*alert)));
    }
    for (const auto& [kind, yaml] : std::initializer_list<std::pair<std::string, std::string>>{
             {"slack", "webhookurl: http://127.0.0.1/x"},
             {"webhook", "{address: 'http://127.0.0.1/x', format: array}"},
             {"elasticsearch", "hostport: http://127.0.0.1:9200"},
             {"elasticsearch",
              "{hostport: 'http://127.0.0.1:9200', mappingconflicts: strip, createindextemplate: true, lifecycle: "
              "{delete_after: 1d}}"},
             {"influxdb", "hostport: http://127.0.0.1:8086"},
             {"influxdb", "{hostport: 'http://127.0.0.1:8086', organization: o, bucket: b, token: t}"}}) {
      core::Diagnostics diagnostics;
      const auto documents = core::parse_yaml("outputs.yaml", yaml, diagnostics);
      core::Fields fields{documents.front(), kind, diagnostics};
      auto output = outputs::find_kind(kind)->make(fields, {.executor = loop.get_executor(), .tls = {}});
      demand(output && outputs::http_part(*output), "the output can be made", kind + ": " + diagnostics.render());
      made.push_back({kind, std::move(output)});
    }
  }
};

void check(const core::Outcome& outcome, const std::string& kind) {
  std::string_view why;
  if (const auto* retry = std::get_if<core::Retry>(&outcome)) why = retry->why;
  if (const auto* reject = std::get_if<core::Reject>(&outcome)) why = reject->why;
  if (const auto* misconfigured = std::get_if<core::Misconfigured>(&outcome)) why = misconfigured->why;
  if (const auto* throttle = std::get_if<core::Throttle>(&outcome)) {
    demand(throttle->wait >= core::Duration{0} && throttle->wait <= std::chrono::hours{1},
           "a wait is between nothing and an hour", kind);
  } else if (!std::holds_alternative<core::Delivered>(outcome)) {
    demand(!why.empty(), "a refusal has a reason", kind);
  }
  demand(why.size() <= kMostReason, "a reason has a bound", why);
  demand(core::printable(why) == why, "a reason is fit for a log", why);
}

}  // namespace

void fuzz_replies(std::string_view input) {
  static const Room room;
  if (input.size() < 2) return;
  const std::size_t count = 1 + static_cast<unsigned char>(input[0]) % room.alerts.size();
  net::HttpReply reply{.status = kStatuses[static_cast<unsigned char>(input[1]) % std::size(kStatuses)]};
  input.remove_prefix(2);
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon != std::string_view::npos)
      reply.headers.push_back({std::string{line.substr(0, colon)}, std::string{core::trim(line.substr(colon + 1))}});
  }
  reply.body = input;

  const core::Batch batch{room.alerts.data(), count};
  for (const Made& made : room.made) {
    const core::Batch sent = outputs::http_part(*made.output)->limits().items == 1 ? batch.first(1) : batch;
    const core::Outcomes outcomes = outputs::http_part(*made.output)->judge(sent, reply);
    demand(outcomes.size() == sent.size(), "there is one outcome an alert", made.kind);
    for (const core::Outcome& outcome : outcomes) check(outcome, made.kind);
    for (const outputs::Amended& again : outputs::http_part(*made.output)->amend(sent, reply, outcomes))
      demand(again.index < sent.size() && again.alert->id == sent[again.index]->id, "what goes again was sent",
             made.kind);
    // A server may say this at any step of a preparation.
    std::vector<net::HttpReply> replies;
    for (int step = 0; step < 8; ++step) {
      const outputs::Preparation next = outputs::http_part(*made.output)->prepare(replies, {});
      if (const auto* outcome = std::get_if<core::Outcome>(&next)) {
        check(*outcome, made.kind);
        demand(!core::is<core::Reject>(*outcome), "a preparation is no alert's fault", made.kind);
      }
      if (!std::holds_alternative<net::HttpRequest>(next)) break;
      replies.push_back(reply);
      demand(step < 7, "a preparation ends", made.kind);
    }
  }
}

}  // namespace fuzz
