// Elasticsearch and OpenSearch: `_bulk` with `create` and the alert's id as `_id`, so that a retry finds the alert
// already there (409) and that is delivery. The index is named by the time of the event: an alert delivered late, or
// twice, lands where it belongs. What a reply means: elasticsearch_reply.h; what stands there before: …_bootstrap.h.
#include "core/text.h"
#include "outputs/elasticsearch_bootstrap.h"
#include "outputs/elasticsearch_document.h"
#include "outputs/elasticsearch_reply.h"
#include "outputs/gzip.h"
#include "outputs/options.h"

#include <fmt/format.h>

namespace outputs {
namespace {

class Elasticsearch final : public HttpOutput {
 public:
  Elasticsearch(ElasticsearchOptions options, std::vector<net::Url> hosts)
      : options_{std::move(options)}, hosts_{std::move(hosts)} {
    // filter_path: of a thousand bytes an item only the verdict matters here. timeout: an index without its shards gets
    // 503 for its own items before our deadline ends the whole request (it may wait that long twice); its default is a
    // minute.
    const auto third = std::chrono::duration_cast<std::chrono::seconds>(options_.http.total / 3).count();
    std::string query = fmt::format("/_bulk?filter_path=errors,items.*.status,items.*.error&timeout={}s",
                                    std::max<std::int64_t>(third, 1));
    if (!options_.pipeline.empty()) query += "&pipeline=" + core::percent_encode(options_.pipeline);
    for (const net::Url& host : hosts_) bulk_.push_back(host.with_target(join_path(host, query)));
    headers_.push_back({"Content-Type", "application/x-ndjson"});
    if (!options_.username.empty())
      headers_.push_back(
          {"Authorization", "Basic " + core::base64(options_.username + ":" + options_.password.reveal())});
    else if (!options_.apikey.empty())
      headers_.push_back({"Authorization", "ApiKey " + options_.apikey.reveal()});
    if (options_.enablecompression) headers_.push_back({"Content-Encoding", "gzip"});
    options_.http.add_custom(headers_);
  }

  Limits limits() const override { return options_.batch.limits(options_.http.concurrency()); }
  std::size_t hosts() const override { return hosts_.size(); }

  // Today's index of a fixed name is the sink itself: when it is missing or closed, nothing can go. That of another
  // day, or of a name that an alert had a hand in, is held back alone.
  std::string destination(const core::Alert& alert) const override {
    const auto day = [](core::TimePoint time) { return std::chrono::floor<std::chrono::days>(time); };
    const bool fixed = options_.name.is_fixed();
    if (fixed && (options_.has_data_stream() || options_.suffix == "none" || day(alert.time) == day(core::now())))
      return {};
    std::string index = options_.index_of(alert);
    if (fixed) {
      core::Alert today;
      today.time = core::now();
      if (index == options_.index_of(today)) return {};
    }
    return index;
  }

  Preparation prepare(std::span<const net::HttpReply> replies, const Attempt& attempt) const override {
    return bootstrap(options_, replies, hosts_[attempt.host % hosts_.size()], headers_);
  }

  Rendered request(Batch batch, const Attempt& attempt) const override {
    Rendered rendered{.request = {.url = bulk_[attempt.host % bulk_.size()], .headers = headers_}};
    std::string& body = rendered.request.body;
    for (const AlertRef& alert : batch) {
      body += "{\"create\":{\"_index\":";
      core::append_json_quoted(body, options_.index_of(*alert));
      body += ",\"_id\":\"";
      body += core::to_text(alert->id);
      body += "\"}}\n";
      body += to_document(*alert, options_.format());
      body += '\n';
    }
    if (options_.enablecompression) body = gzip(body);
    return rendered;
  }

  core::Outcomes judge(Batch batch, const net::HttpReply& reply) const override {
    return judge_bulk(reply, batch.size());
  }

  std::vector<Amended> amend(Batch batch, const net::HttpReply& reply, const core::Outcomes& judged) const override {
    std::vector<Amended> again;
    const bool refused =
        std::any_of(judged.begin(), judged.end(), [](const auto& one) { return core::is<core::Reject>(one); });
    if (!options_.strips_conflicts() || !refused) return again;
    const auto reasons = mapping_conflicts(reply, batch.size());
    for (std::size_t i = 0; i < reasons.size(); ++i) {
      if (reasons[i].empty()) continue;
      if (AlertRef left = without_refused_fields(*batch[i], options_.format(), reasons[i]))
        again.push_back({i, std::move(left)});
    }
    return again;
  }

  // 429 for the whole request: the cluster's memory for requests is short, and a smaller one may fit.
  bool asks_for_less(const net::HttpReply& reply) const override { return reply.status == 413 || reply.status == 429; }

 private:
  ElasticsearchOptions options_;
  std::vector<net::Url> hosts_, bulk_;
  std::vector<net::Header> headers_;
};

}  // namespace

std::unique_ptr<Output> make_elasticsearch(core::Fields& fields, const Surroundings& surroundings) {
  const Reading reading{fields};
  ElasticsearchOptions options;
  options.describe(fields);
  auto hosts = read_urls(fields, "hostport", options.hostport);
  if (reading.failed() || hosts.empty()) return nullptr;
  const HttpOptions http = options.http;
  return wrap_http(std::make_unique<Elasticsearch>(std::move(options), std::move(hosts)), http, surroundings, fields);
}

}  // namespace outputs
