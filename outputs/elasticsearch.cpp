// Elasticsearch and OpenSearch: `_bulk` with `create` and the alert's id as `_id`, so that a retry finds the alert
// already there (409) and that is delivery. The index is named by the time of the event: an alert delivered late, or
// twice, lands where it belongs. Each item of a bulk reply is judged by itself.
#include "core/payload.h"
#include "core/text.h"
#include "outputs/batch_options.h"
#include "outputs/gzip.h"
#include "outputs/http_output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>

namespace outputs {
namespace {

constexpr std::string_view kTimestamp = "@timestamp";

struct Options {
  std::string hostport;
  std::string index = "falco";
  std::string suffix = "daily";
  std::string pipeline, username;
  core::Secret apikey, password;
  bool flattenfields = false, createindextemplate = false, enablecompression = false;
  BatchOptions batch{.max_items = 500, .max_bytes = core::Bytes{1 << 20}, .max_wait = std::chrono::seconds{1}};
  HttpOptions http{.maxconcurrentrequests = 2};

  void describe(core::Fields& fields) {
    fields.required("hostport", hostport, "http://host:9200; several with commas: each retry takes the next");
    fields.optional("index", index, "the index's name, before the suffix");
    fields.choice("suffix", suffix, {"daily", "monthly", "annually", "none"},
                  "what the event's date adds to the index: -2026.11.21, -2026.11, -2026, nothing");
    fields.optional("pipeline", pipeline, "ingest pipeline");
    fields.optional("username", username, "for basic authentication");
    fields.optional("password", password, "for basic authentication");
    fields.optional("apikey", apikey, "API key, base64 as Elasticsearch shows it; username and password win over it");
    fields.optional("flattenfields", flattenfields, "write dots in the names of output fields as _");
    fields.optional("enablecompression", enablecompression, "gzip the requests");
    fields.optional("createindextemplate", createindextemplate,
                    "not done yet: gives a warning; put the template by hand");
    batch.describe(fields);
    http.describe(fields, HttpOptions::CustomHeaders::Allowed);
    fields.ignored("type", "documents have no type since Elasticsearch 7");
    fields.ignored("numberofshards", "index templates are not made yet");
    fields.ignored("numberofreplicas", "index templates are not made yet");
    fields.ignored("batching", "batches are always used; see 'batch'");
    check(fields);
  }

  void check(core::Fields& fields) const {
    if (fields.listing()) return;
    if (createindextemplate)
      fields.diagnostics().warning(fields.place_of("createindextemplate"),
                                   fmt::format("{}: 'createindextemplate' has no effect yet", fields.owner()),
                                   "put an index template for " + index + "-* by hand");
    if (!apikey.empty() && !username.empty())
      fields.diagnostics().warning(fields.place_of("apikey"),
                                   fmt::format("{}: 'apikey' has no effect beside 'username'", fields.owner()));
    if (index.empty() || index.find_first_of("\\/*?\"<>| ,#:ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos ||
        index.find_first_of("-_+.") == 0)
      fields.error("index",
                   fmt::format("{}: '{}' cannot be the name of an index", fields.owner(), core::printable(index)),
                   "lower case, none of \\ / * ? \" < > | , # : or blank, and not beginning with - _ + .");
    if (!net::is_header_value(apikey.reveal()))
      fields.error("apikey", fmt::format("{}: 'apikey' has a line break or control character", fields.owner()));
  }
};

std::string date_suffix(core::TimePoint time, std::string_view suffix) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month()), day = static_cast<unsigned>(date.day());
  if (suffix == "daily") return fmt::format("-{:04}.{:02}.{:02}", year, month, day);
  if (suffix == "monthly") return fmt::format("-{:04}.{:02}", year, month);
  if (suffix == "annually") return fmt::format("-{:04}", year);
  return {};
}

// Two names that flatten to the same one must not become one key twice: Elasticsearch refuses such a document.
core::Alert flattened(const core::Alert& alert) {
  core::Alert flat = alert;
  std::set<std::string> taken;
  for (core::AlertField& field : flat.fields) {
    std::replace(field.name.begin(), field.name.end(), '.', '_');
    while (!taken.insert(field.name).second) field.name += '_';
  }
  return flat;
}

std::string to_document(const core::Alert& alert, bool flatten) {
  const bool has_timestamp = std::any_of(alert.extra.begin(), alert.extra.end(),
                                         [](const core::AlertField& field) { return field.name == kTimestamp; });
  std::string json;
  if (flatten || has_timestamp) {
    core::Alert changed = flatten ? flattened(alert) : alert;
    std::erase_if(changed.extra, [](const core::AlertField& field) {
      return field.name == kTimestamp;
    });  // ours is the event's time, always
    json = core::to_open_payload(changed);
  } else {
    json = core::to_open_payload(alert);
  }
  json += ",\"@timestamp\":";
  core::append_json_quoted(json, alert.time_text);
  json += '}';
  return json;
}

// https://www.elastic.co/guide/en/elasticsearch/reference/current/docs-bulk.html; what each error means was tried on
// OpenSearch 2.19 and Elasticsearch 7.17.
core::Outcome judge_item(const nlohmann::json& item) {
  const auto given = item.find("status");
  const int status = given != item.end() && given->is_number_integer() ? given->get<int>() : 0;
  if (status == 200 || status == 201) return core::Delivered{};
  if (status == 409) return core::Delivered{};  // version_conflict: this id is stored, an earlier try got through
  std::string type, reason;
  if (const auto error = item.find("error"); error != item.end() && error->is_object()) {
    if (const auto found = error->find("type"); found != error->end() && found->is_string())
      type = found->get<std::string>();
    if (const auto found = error->find("reason"); found != error->end() && found->is_string())
      reason = found->get<std::string>();
    if (const auto cause = error->find("caused_by");
        cause != error->end() && cause->is_object() && cause->value("reason", nlohmann::json{}).is_string())
      reason += ": " + (*cause)["reason"].get<std::string>();
  }
  std::string why =
      fmt::format("item {} {}: {}", status, core::printable(type), core::printable(core::truncate_utf8(reason, 300)));
  if (status == 429 || status >= 500 || status == 0) return core::Retry{std::move(why)};
  if (type == "cluster_block_exception")
    return core::Retry{std::move(why)};  // flood stage: old versions say 403, and it ends by itself
  const auto says = [&reason](std::string_view words) { return reason.find(words) != std::string::npos; };
  const bool not_the_documents_fault =
      type == "index_closed_exception" || type == "validation_exception" || type == "invalid_index_name_exception" ||
      (says("pipeline with id") && says("does not exist")) || says("no write index is defined") ||
      says("only write ops with an op_type of create");
  if (status == 401 || status == 403 || status == 404 || not_the_documents_fault)
    return core::Misconfigured{std::move(why)};
  return core::Reject{std::move(why)};
}

class Elasticsearch final : public HttpOutput {
 public:
  Elasticsearch(Options options, std::vector<net::Url> hosts) : options_{std::move(options)} {
    // filter_path: of a thousand bytes an item only the verdict matters here.
    std::string query = "/_bulk?filter_path=errors,items.*.status,items.*.error";
    if (!options_.pipeline.empty()) query += "&pipeline=" + core::percent_encode(options_.pipeline);
    for (const net::Url& host : hosts) urls_.push_back(host.with_target(join_path(host, query)));
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

  Rendered request(Batch batch, const Attempt& attempt) const override {
    Rendered rendered{.request = {.url = urls_[attempt.host % urls_.size()], .headers = headers_}};
    std::string& body = rendered.request.body;
    for (const AlertRef& alert : batch) {
      body += fmt::format("{{\"create\":{{\"_index\":\"{}{}\",\"_id\":\"{}\"}}}}\n", options_.index,
                          date_suffix(alert->time, options_.suffix), core::to_text(alert->id));
      body += to_document(*alert, options_.flattenfields);
      body += '\n';
    }
    if (options_.enablecompression) body = gzip(body);
    return rendered;
  }

  core::Outcomes judge(Batch batch, const net::HttpReply& reply) const override {
    if (reply.status == 406)
      return core::same_for_all(
          batch.size(), core::Misconfigured{"HTTP 406: this is no Elasticsearch or OpenSearch that takes x-ndjson"});
    if (reply.status / 100 != 2) return core::same_for_all(batch.size(), judge_by_status(reply));
    if (reply.body.starts_with("{\"errors\":false")) return core::same_for_all(batch.size(), core::Delivered{});
    const auto parsed = nlohmann::json::parse(reply.body, nullptr, false);
    const auto nonsense = [&](std::string_view what) {
      return core::same_for_all(batch.size(),
                                core::Retry{fmt::format("HTTP {} with {}: {}", reply.status, what,
                                                        core::printable(core::truncate_utf8(reply.body, 200)))});
    };
    // A proxy's login page answers 200 too.
    if (!parsed.is_object() || !parsed.contains("errors")) return nonsense("what is no bulk reply");
    if (parsed["errors"] == false) return core::same_for_all(batch.size(), core::Delivered{});
    const auto items = parsed.find("items");
    if (items == parsed.end() || !items->is_array() || items->size() != batch.size())
      return nonsense("another number of items than were sent");
    core::Outcomes outcomes;
    for (const auto& item : *items)
      outcomes.push_back(item.is_object() && item.size() == 1 && item.begin()->is_object()
                             ? judge_item(*item.begin())
                             : core::Retry{"an item of the bulk reply cannot be read"});
    return outcomes;
  }

 private:
  Options options_;
  std::vector<net::Url> urls_;
  std::vector<net::Header> headers_;
};

}  // namespace

std::unique_ptr<Output> make_elasticsearch(core::Fields& fields, const Surroundings& surroundings) {
  const Reading reading{fields};
  Options options;
  options.describe(fields);
  auto hosts = read_urls(fields, "hostport", options.hostport);
  if (reading.failed() || hosts.empty()) return nullptr;
  const HttpOptions http = options.http;
  return wrap_http(std::make_unique<Elasticsearch>(std::move(options), std::move(hosts)), http, surroundings, fields);
}

}  // namespace outputs
