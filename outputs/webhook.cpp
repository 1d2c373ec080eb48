// Webhook: alerts to any HTTP address. `raw` is falcosidekick's body to the letter (one alert, a newline at the end).
// Every request carries its id as Idempotency-Key: a receiver may see it twice after a lost reply.
#include "core/payload.h"
#include "core/text.h"
#include "outputs/cloud_event.h"
#include "outputs/gzip.h"
#include "outputs/standard_webhooks.h"
#include "outputs/webhook_options.h"

#include <fmt/format.h>

namespace outputs {
namespace {

std::string content_type(const WebhookOptions& options) {
  if (!options.contenttype.empty()) return options.contenttype;
  if (options.format == "ndjson") return "application/x-ndjson";
  if (options.format == "cloudevents") return kCloudEvent;
  if (options.format == "cloudevents-batch") return kCloudEventBatch;
  if (options.format == "template" && options.escape == "url") return "application/x-www-form-urlencoded";
  if (options.format == "template" && options.escape == "none") return "text/plain; charset=utf-8";
  return "application/json; charset=utf-8";
}

core::Template::Escape escape_for(const std::string& how) {
  if (how == "url") return core::percent_encode;
  if (how == "none") return {};
  return [](std::string_view text) {
    const std::string quoted = core::json_quote(text);
    return quoted.substr(1, quoted.size() - 2);
  };
}

class Webhook final : public HttpOutput {
 public:
  Webhook(WebhookOptions options, net::Url url)
      : options_{std::move(options)}, url_{std::move(url)}, escape_{escape_for(options_.escape)} {
    headers_.push_back({"Content-Type", content_type(options_)});
    if (std::string authorization = options_.authorization(); !authorization.empty())
      headers_.push_back({"Authorization", std::move(authorization)});
    if (options_.enablecompression) headers_.push_back({"Content-Encoding", "gzip"});
    options_.http.add_custom(headers_);
  }

  Limits limits() const override {
    Limits limits = options_.batch.limits(options_.http.concurrency());
    if (options_.takes_several()) return limits;
    limits.items = 1;
    limits.max_wait = {};
    return limits;
  }

  Rendered request(Batch batch, const Attempt& attempt) const override {
    Rendered rendered{.request = {.method = options_.method, .url = url_, .headers = headers_}};
    net::HttpRequest& request = rendered.request;
    request.body = render(batch);
    if (options_.format == "cloudevents-binary") add_cloud_event_headers(request.headers, *batch.front());
    if (options_.enablecompression) request.body = gzip(request.body);
    std::string id = message_id(batch);
    net::set_header(request.headers, "Idempotency-Key", id);
    // Over the bytes that are sent, compressed or not: a receiver checks before it unpacks.
    if (!options_.signing_keys.empty()) add_signature(request, options_.signing_keys, std::move(id), attempt.now);
    return rendered;
  }

  core::Outcomes judge(Batch batch, const net::HttpReply& reply) const override {
    core::Outcome verdict = judge_by_status(reply);
    if (!options_.success.empty()) {
      if (options_.success.contains(reply.status))
        verdict = core::Delivered{};
      else if (core::is<core::Delivered>(verdict))
        verdict = core::Retry{fmt::format("HTTP {}, which 'success' does not name", reply.status)};
    }
    return core::same_for_all(batch.size(), verdict);
  }

 private:
  std::string render(Batch batch) const {
    if (options_.format == "template") return options_.body.render(*batch.front(), escape_);
    if (options_.format == "cloudevents") return to_cloud_event(*batch.front());
    if (options_.format == "cloudevents-batch") return list(batch, to_cloud_event, ",", true);
    if (options_.format == "cloudevents-binary") return core::to_payload(*batch.front());
    if (options_.format == "array") return list(batch, core::to_payload, ",", true);
    return list(batch, core::to_payload, "\n", false);
  }

  static std::string list(Batch batch, std::string (*one)(const core::Alert&), std::string_view between, bool array) {
    std::string body;
    if (array) body += '[';
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (i > 0) body += between;
      if (body.empty())
        body = one(*batch[i]);
      else
        body += one(*batch[i]);
    }
    if (array) body += ']';
    body += '\n';
    return body;
  }

  WebhookOptions options_;
  net::Url url_;
  core::Template::Escape escape_;
  std::vector<net::Header> headers_;
};

}  // namespace

std::unique_ptr<Output> make_webhook(core::Fields& fields, const Surroundings& surroundings) {
  const Reading reading{fields};
  WebhookOptions options;
  options.describe(fields);
  auto url = read_url(fields, "address", options.address.reveal());
  if (reading.failed()) return nullptr;
  const HttpOptions http = options.http;
  return wrap_http(std::make_unique<Webhook>(std::move(options), std::move(*url)), http, surroundings, fields);
}

}  // namespace outputs
