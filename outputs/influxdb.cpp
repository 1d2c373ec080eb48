// InfluxDB: points in line protocol, version 1 (/write) or 2 and 3 (/api/v2/write). Writing a point twice overwrites it
// with itself, so retries are harmless, and a batch refused for one line may be bisected and sent again: version 1 has
// stored the good lines of it, version 2 none of them, version 3 perhaps, and it does not matter.
#include "core/text.h"
#include "outputs/batch_options.h"
#include "outputs/gzip.h"
#include "outputs/http_output.h"
#include "outputs/line_protocol.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>

namespace outputs {
namespace {

struct Options {
  std::string hostport, version = "auto";
  std::string database = "falco", retentionpolicy, user;
  std::string organization, bucket = "falco";
  std::string precision = "ns", typeconflicts = "rename";
  core::Secret password, token;
  bool enablecompression = false;
  PointShape shape;
  BatchOptions batch{.max_items = 500, .max_wait = std::chrono::seconds{1}};
  HttpOptions http{.maxconcurrentrequests = 2};

  void describe(core::Fields& fields) {
    fields.required("hostport", hostport, "http://host:8086");
    fields.choice("version", version, {"auto", "1", "2", "3"},
                  "of the write interface: 1 is /write, 2 and 3 are /api/v2/write; auto: 2 where there is an "
                  "organization, else 1");
    fields.optional("database", database, "1: the database");
    fields.optional("retentionpolicy", retentionpolicy, "1: the retention policy; without it the database's default");
    fields.optional("user", user, "1: user, sent as basic authentication, never in the address");
    fields.optional("password", password, "1: password");
    fields.optional("organization", organization, "2: the organization");
    fields.optional("bucket", bucket, "2: the bucket; 3: the database");
    fields.optional("token", token, "the API token; wins over user and password");
    fields.choice("precision", precision, {"ns", "us", "ms", "s"},
                  "of the points' times; ns keeps alerts of one moment apart, the others move them by some units");
    fields.optional("measurement", shape.measurement, "the measurement");
    fields.optional("tags", shape.tags,
                    "what becomes a tag: rule, priority, source, hostname, tags, or an output field with few values; "
                    "everything else is a field");
    fields.choice("typeconflicts", typeconflicts, {"rename", "reject"},
                  "a field whose type is not the one the server has: written as NAME_string, NAME_float …; or the "
                  "alert becomes a dead letter");
    fields.optional("enablecompression", enablecompression, "gzip the requests");
    batch.describe(fields);
    http.describe(fields, HttpOptions::CustomHeaders::Allowed);
    if (fields.listing()) return;
    shape.unit = precision == "us" ? 1'000 : precision == "ms" ? 1'000'000 : precision == "s" ? 1'000'000'000 : 1;
    if (shape.unit != 1)
      fields.diagnostics().warning(
          fields.place_of("precision"),
          fmt::format("{}: with precision '{}' points of one rule and host may overwrite each other after a restart",
                      fields.owner(), precision),
          "leave it at ns");
    if (escape_tag(shape.measurement).empty())
      fields.error("measurement", fmt::format("{} has no name for the measurement", fields.owner()));
    std::set<std::string> seen{"", "value", "id", "event_time", "time"};
    for (const std::string& tag : shape.tags)
      if (!seen.insert(escape_tag(tag)).second)
        fields.error("tags",
                     fmt::format("{}: '{}' cannot be a tag, or is one twice", fields.owner(), core::printable(tag)),
                     "value, id, event_time and time are the point's own");
    if (!net::is_header_value(token.reveal()))
      fields.error("token", fmt::format("{}: 'token' has a line break or control character", fields.owner()));
    if (version == "1" && !organization.empty())
      fields.diagnostics().warning(fields.place_of("organization"),
                                   fmt::format("{}: 'organization' has no effect with version 1", fields.owner()));
    if (is_v2() && (!user.empty() || !retentionpolicy.empty()))
      fields.diagnostics().warning(
          fields.place_of(user.empty() ? "retentionpolicy" : "user"),
          fmt::format("{}: 'user', 'password' and 'retentionpolicy' have no effect with version 2", fields.owner()));
  }
  bool is_v2() const { return version == "auto" ? !organization.empty() : version != "1"; }
};

std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const auto begin = text.find(before);
  if (begin == std::string_view::npos) return {};
  const auto end = text.find(after, begin + before.size());
  if (end == std::string_view::npos) return {};
  return text.substr(begin + before.size(), end - begin - before.size());
}

// "… input field "x" on measurement "events" is type string, already exists as type float dropped=1" (1 and 2);
// "invalid column type for column 'x', expected iox::column_type::field::float, got iox::column_type::field::string"
// (3).
std::vector<std::pair<std::string, std::string>> conflicts_in(const std::string& message) {
  std::vector<std::pair<std::string, std::string>> found;
  const std::string_view all{message};
  for (std::size_t at = 0; (at = all.find("input field \"", at)) != std::string_view::npos; ++at) {
    const std::string_view name = between(all.substr(at), "input field \"", "\" on measurement \"");
    const std::string_view type = between(all.substr(at), "\" is type ", ",");
    if (!name.empty() && !type.empty()) found.emplace_back(name, type);
  }
  for (std::size_t at = 0; (at = all.find("invalid column type for column '", at)) != std::string_view::npos; ++at) {
    const std::string_view name = between(all.substr(at), "for column '", "', expected ");
    std::string_view type = all.substr(at);
    type = type.substr(std::min(type.find(", got "), type.size()));
    type = type.substr(std::min(type.rfind("::", type.find_first_of("\" ,}", 6)) + 2, type.size()));
    type = type.substr(0, type.find_first_not_of("abcdefghijklmnopqrstuvwxyz"));
    if (!name.empty() && !type.empty()) found.emplace_back(name, type);
  }
  return found;
}

// Every text in a reply: "error" and "message", and version 3's list of "data", unescaped.
std::string texts_of(const net::HttpReply& reply) {
  const auto parsed = nlohmann::json::parse(reply.body, nullptr, false);
  if (!parsed.is_object()) return reply.body;
  std::string all;
  for (const char* key : {"error", "message"})
    if (const auto found = parsed.find(key); found != parsed.end() && found->is_string())
      all += found->get<std::string>() + '\n';
  if (const auto data = parsed.find("data"); data != parsed.end() && data->is_array())
    for (const auto& entry : *data)
      if (entry.is_object() && entry.value("error_message", nlohmann::json{}).is_string())
        all += entry["error_message"].get<std::string>() + '\n';
  return all;
}

class Influxdb final : public HttpOutput {
 public:
  Influxdb(Options options, const net::Url& host) : options_{std::move(options)} {
    std::string target;
    if (options_.is_v2()) {
      target = "/api/v2/write?bucket=" + core::percent_encode(options_.bucket);
      if (!options_.organization.empty()) target += "&org=" + core::percent_encode(options_.organization);
    } else {
      target = "/write?db=" + core::percent_encode(options_.database);
      if (!options_.retentionpolicy.empty()) target += "&rp=" + core::percent_encode(options_.retentionpolicy);
    }
    // Version 1 takes an unknown precision for ns without a word: it says u.
    target += "&precision=" + (!options_.is_v2() && options_.precision == "us" ? "u" : options_.precision);
    url_ = host.with_target(join_path(host, target));
    headers_.push_back({"Content-Type", "text/plain; charset=utf-8"});
    if (!options_.token.empty())
      headers_.push_back({"Authorization", (options_.version == "3" ? "Bearer " : "Token ") + options_.token.reveal()});
    else if (!options_.user.empty())
      headers_.push_back({"Authorization", "Basic " + core::base64(options_.user + ":" + options_.password.reveal())});
    if (options_.enablecompression) headers_.push_back({"Content-Encoding", "gzip"});
    options_.http.add_custom(headers_);
  }

  Limits limits() const override { return options_.batch.limits(options_.http.concurrency()); }

  Rendered request(Batch batch, const Attempt&) const override {
    Rendered rendered{.request = {.url = url_, .headers = headers_}};
    for (const AlertRef& alert : batch) rendered.request.body += to_line(*alert, options_.shape, memory_);
    if (options_.enablecompression) rendered.request.body = gzip(rendered.request.body);
    return rendered;
  }

  core::Outcomes judge(Batch batch, const net::HttpReply& reply) const override {
    core::Outcome outcome = judge_by_status(reply);
    const auto why = [&] {
      return fmt::format("HTTP {}: {}", reply.status,
                         core::printable(core::truncate_utf8(core::trim(reply.body), 200)));
    };
    // Points are taken with 204. A page with 200 is a proxy's; old servers meant "understood, and not done".
    if (reply.status / 100 == 2 && !core::trim(reply.body).empty()) outcome = core::Retry{why()};
    if (is_proxy_page(reply)) outcome = core::Misconfigured{why()};
    // 500 says so of a retention policy that is not there, and it will not come by itself.
    if (reply.status == 500 && reply.body.find("retention policy not found") != std::string::npos)
      outcome = core::Misconfigured{why()};
    return core::same_for_all(batch.size(), outcome);
  }

  std::vector<Amended> amend(Batch batch, const net::HttpReply& reply, const core::Outcomes&) const override {
    if ((reply.status != 400 && reply.status != 422) || options_.typeconflicts != "rename") return {};
    bool news = false;
    for (auto& [name, type] : conflicts_in(texts_of(reply)))
      news = memory_.learn_conflict(std::move(name), type) || news;
    std::vector<Amended> again;
    if (news)
      for (std::size_t i = 0; i < batch.size(); ++i) again.push_back({i, batch[i]});
    return again;
  }

 private:
  Options options_;
  net::Url url_;
  std::vector<net::Header> headers_;
  mutable PointMemory memory_;  // of what was written; called on one loop
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
