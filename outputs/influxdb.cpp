// InfluxDB: points in line protocol, v1 (/write) or v2 (/api/v2/write, when a token or an organization is given).
// Writing a point twice overwrites it with itself, so retries are harmless, and a batch refused for one line may be
// bisected and sent again.
#include "core/text.h"
#include "outputs/batch_options.h"
#include "outputs/http_output.h"
#include "outputs/line_protocol.h"

#include <fmt/format.h>

namespace outputs {
namespace {

struct Options {
  std::string hostport;
  std::string database = "falco", organization, bucket = "falco", precision = "ns", user;
  core::Secret password, token;
  BatchOptions batch{.max_items = 500, .max_wait = std::chrono::seconds{1}};
  HttpOptions http{.maxconcurrentrequests = 2};

  void describe(core::Fields& fields) {
    fields.required("hostport", hostport, "http://host:8086");
    fields.optional("database", database, "v1: the database");
    fields.optional("user", user, "v1: user, sent as basic authentication");
    fields.optional("password", password, "v1: password");
    fields.optional("organization", organization, "v2: the organization; it or a token chooses v2");
    fields.optional("bucket", bucket, "v2: the bucket");
    fields.optional("token", token, "v2: the API token");
    fields.optional("precision", precision,
                    "ns; points are written with the event's nanoseconds whatever is asked for");
    batch.describe(fields);
    http.describe(fields, HttpOptions::CustomHeaders::None);
    if (!fields.listing() && precision != "ns")
      fields.diagnostics().warning(
          fields.place_of("precision"),
          fmt::format("{}: 'precision' has no effect: points carry nanoseconds", fields.owner()));
    if (!net::is_header_value(token.reveal()))
      fields.error("token", fmt::format("{}: 'token' has a line break or control character", fields.owner()));
  }
  bool is_v2() const { return !token.empty() || !organization.empty(); }
};

class Influxdb final : public HttpOutput {
 public:
  Influxdb(Options options, const net::Url& host) : options_{std::move(options)} {
    std::string target = options_.is_v2() ? "/api/v2/write?bucket=" + core::percent_encode(options_.bucket)
                                          : "/write?db=" + core::percent_encode(options_.database);
    if (options_.is_v2() && !options_.organization.empty())
      target += "&org=" + core::percent_encode(options_.organization);
    target += "&precision=ns";
    url_ = host.with_target(join_path(host, target));
    headers_.push_back({"Content-Type", "text/plain; charset=utf-8"});
    if (!options_.token.empty())
      headers_.push_back({"Authorization", "Token " + options_.token.reveal()});
    else if (!options_.user.empty())
      headers_.push_back({"Authorization", "Basic " + core::base64(options_.user + ":" + options_.password.reveal())});
  }

  Limits limits() const override { return options_.batch.limits(options_.http.concurrency()); }

  Rendered request(Batch batch, const Attempt&) const override {
    Rendered rendered{.request = {.url = url_, .headers = headers_}};
    for (const AlertRef& alert : batch) rendered.request.body += to_line(*alert);
    return rendered;
  }

 private:
  Options options_;
  net::Url url_;
  std::vector<net::Header> headers_;
};

}  // namespace

std::unique_ptr<Output> make_influxdb(core::Fields& fields, const Surroundings& surroundings) {
  const Reading reading{fields};
  Options options;
  options.describe(fields);
  const auto host = read_url(fields, "hostport", options.hostport);
  if (reading.failed()) return nullptr;
  const HttpOptions http = options.http;
  return wrap_http(std::make_unique<Influxdb>(std::move(options), *host), http, surroundings, fields);
}

}  // namespace outputs
