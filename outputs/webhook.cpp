// Webhook: the alert's JSON to any HTTP address. `raw` is falcosidekick's body to the letter (one alert, a newline at
// the end); `array` and `ndjson` put a batch into one request. A single alert carries its id as Idempotency-Key: a
// receiver may see it twice after a lost reply.
#include "core/payload.h"
#include "outputs/batch_options.h"
#include "outputs/http_output.h"

#include <fmt/format.h>

namespace outputs {
namespace {

struct Options {
  core::Secret address;
  std::string method = "POST";
  std::string format = "raw";
  BatchOptions batch{.max_items = 100, .max_wait = std::chrono::seconds{1}};
  HttpOptions http{.maxconcurrentrequests = 8};

  void describe(core::Fields& fields) {
    fields.required("address", address, "where to send: http:// or https://");
    fields.choice("method", method, {"POST", "PUT"}, "the request's method");
    fields.choice("format", format, {"raw", "array", "ndjson"},
                  "raw: one alert a request; array: a JSON array; ndjson: one alert a line");
    batch.describe(fields);
    http.describe(fields, HttpOptions::CustomHeaders::Allowed);
  }
};

class Webhook final : public HttpOutput {
 public:
  Webhook(Options options, net::Url url) : options_{std::move(options)}, url_{std::move(url)} {
    headers_.push_back(
        {"Content-Type", options_.format == "ndjson" ? "application/x-ndjson" : "application/json; charset=utf-8"});
    options_.http.add_custom(headers_);
  }

  Limits limits() const override {
    Limits limits = options_.batch.limits(options_.http.concurrency());
    if (options_.format != "raw") return limits;
    limits.items = 1;
    limits.max_wait = {};
    return limits;
  }

  Rendered request(Batch batch, const Attempt&) const override {
    Rendered rendered{.request = {.method = options_.method, .url = url_, .headers = headers_}};
    std::string& body = rendered.request.body;
    if (batch.size() == 1)
      net::set_header(rendered.request.headers, "Idempotency-Key", core::to_text(batch.front()->id));
    const bool array = options_.format == "array";
    if (array) body += '[';
    for (const AlertRef& alert : batch) {
      if (array && body.size() > 1) body += ',';
      if (body.empty())
        body = core::to_payload(*alert);
      else
        body += core::to_payload(*alert);
      if (!array) body += '\n';
    }
    if (array) body += "]\n";
    return rendered;
  }

 private:
  Options options_;
  net::Url url_;
  std::vector<net::Header> headers_;
};

}  // namespace

std::unique_ptr<Output> make_webhook(core::Fields& fields, const Surroundings& surroundings) {
  const Reading reading{fields};
  Options options;
  options.describe(fields);
  auto url = read_url(fields, "address", options.address.reveal());
  if (reading.failed()) return nullptr;
  const HttpOptions http = options.http;
  return wrap_http(std::make_unique<Webhook>(std::move(options), std::move(*url)), http, surroundings, fields);
}

}  // namespace outputs
