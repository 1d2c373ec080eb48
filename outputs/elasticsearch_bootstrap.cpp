// Read downwards: what is the server → is the policy there, else put it → is the template there and ours, else put it.
// Each question is one request; the function is asked again with each reply. No answer here is an alert's fault: what
// would be a Reject is Misconfigured.
#include "outputs/elasticsearch_bootstrap.h"

#include "core/text.h"
#include "outputs/options.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace outputs {
namespace {

using nlohmann::json;

constexpr std::string_view kOurs = "tocsin";

// FNV-1a: tells one version of our template from another, over restarts and builds.
std::string fingerprint(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211ULL;
  return fmt::format("{:016x}", hash);
}

std::string age(core::Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds % 86400 == 0) return fmt::format("{}d", seconds / 86400);
  if (seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}s", std::max<std::int64_t>(seconds, 1));
}

json text_with_keyword(int ignore_above) {
  return {{"type", "text"}, {"fields", {{"keyword", {{"type", "keyword"}, {"ignore_above", ignore_above}}}}}};
}

json keyword() {
  return {{"type", "keyword"}, {"ignore_above", 1024}};
}

json falcosidekick_properties() {
  json properties = json::object();
  for (const char* name : {"hostname", "priority", "rule", "source", "tags", "uuid"})
    properties[name] = text_with_keyword(256);
  properties["output"] = text_with_keyword(2048);
  properties["time"] = {{"type", "date"}};
  properties["tocsin_stripped_fields"] = keyword();
  return properties;
}

json ecs_properties() {
  const auto all = [](std::initializer_list<const char*> names) {
    json properties = json::object();
    for (const char* name : names) properties[name] = keyword();
    return properties;
  };
  json ends = {{"properties", {{"ip", {{"type", "ip"}}}, {"port", {{"type", "long"}}}}}};
  json event = all({"action", "dataset", "id", "kind", "module", "provider"});
  event["severity"] = {{"type", "long"}};
  event["created"] = {{"type", "date"}};
  return {{"message", {{"type", "text"}}},
          {"event", {{"properties", event}}},
          {"source", ends},
          {"destination", ends},
          {"host", {{"properties", all({"hostname", "name"})}}},
          {"rule", {{"properties", all({"name"})}}},
          {"tags", keyword()},
          {"tocsin_stripped_fields", keyword()},
          {"falco", {{"properties", {{"time", {{"type", "date"}}}, {"priority", keyword()}}}}}};
}

enum class Found { Absent, Present };

// A GET that finds nothing says 404; any other trouble is a verdict.
std::variant<Found, core::Outcome> looked_up(const net::HttpReply& reply, const std::string& what) {
  if (reply.status == 404) return Found::Absent;
  if (reply.status / 100 == 2) return Found::Present;
  core::Outcome outcome = judge_by_status(reply);
  const auto why = [&](std::string said) { return fmt::format("{}: {}", what, std::move(said)); };
  if (auto* reject = std::get_if<core::Reject>(&outcome))
    return core::Misconfigured{why(std::move(reject->why)), core::About::Sink};
  if (auto* fault = std::get_if<core::Misconfigured>(&outcome))
    return core::Misconfigured{why(std::move(fault->why)), core::About::Sink};
  if (auto* throttle = std::get_if<core::Throttle>(&outcome)) throttle->about = core::About::Sink;
  if (auto* retry = std::get_if<core::Retry>(&outcome)) retry->why = why(std::move(retry->why));
  return outcome;
}

std::optional<core::Outcome> refused(const net::HttpReply& reply, const std::string& what) {
  auto found = looked_up(reply, what);
  if (auto* outcome = std::get_if<core::Outcome>(&found)) return std::move(*outcome);
  if (std::get<Found>(found) == Found::Absent)
    return core::Misconfigured{what + ": HTTP 404: the server has no such interface", core::About::Sink};
  return std::nullopt;
}

Product product_of(const net::HttpReply& reply) {
  const auto parsed = json::parse(reply.body, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("version") || !parsed["version"].is_object()) return Product::Unknown;
  const auto& version = parsed["version"];
  if (version.contains("distribution") && version["distribution"] == "opensearch") return Product::OpenSearch;
  return version.contains("number") ? Product::Elasticsearch : Product::Unknown;
}

// Ours, and from the same options: nothing to do. Somebody else's: not ours to change.
bool may_stay(const net::HttpReply& reply, const std::string& name, std::string_view wanted) {
  const auto parsed = json::parse(reply.body, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("index_templates") || !parsed["index_templates"].is_array()) return true;
  for (const auto& entry : parsed["index_templates"]) {
    if (!entry.is_object() || entry.value("name", json{}) != name || !entry.contains("index_template")) continue;
    const auto& there = entry["index_template"];
    if (!there.is_object() || !there.contains("_meta") || !there["_meta"].is_object()) return true;
    const auto& meta = there["_meta"];
    return meta.value("managed_by", json{}) != kOurs ||
           meta.value("fingerprint", json{}) == json::parse(wanted)["_meta"]["fingerprint"];
  }
  return true;
}

}  // namespace

std::string index_template(const ElasticsearchOptions& options, Product product) {
  const bool ecs = options.format() == ElasticsearchOptions::Format::Ecs;
  json properties = ecs ? ecs_properties() : falcosidekick_properties();
  // Said, because a data stream's own time field must not inherit the setting.
  properties["@timestamp"] = {{"type", "date"}, {"ignore_malformed", false}};
  json settings = {{"index.number_of_shards", options.numberofshards},
                   {"index.number_of_replicas", options.numberofreplicas},
                   {"index.mapping.total_fields.limit", 2000},
                   // A value that does not fit its field is kept and not searchable, instead of costing the alert.
                   {"index.mapping.ignore_malformed", true}};
  if (options.has_lifecycle() && product == Product::Elasticsearch)
    settings["index.lifecycle.name"] = options.bootstrap_name();
  json body = {
      {"index_patterns", {options.index_pattern()}},
      {"priority", 200},  // above Elastic's own template for logs-*-* (100)
      {"template",
       {{"settings", settings},
        {"mappings",
         {{"date_detection", false},
          {"dynamic_templates",
           {{{"strings", {{"match_mapping_type", "string"}, {"mapping", ecs ? keyword() : text_with_keyword(1024)}}}}}},
          {"properties", properties}}}}}};
  if (options.has_data_stream()) body["data_stream"] = json::object();
  body["_meta"] = {{"managed_by", kOurs}, {"fingerprint", fingerprint(body.dump())}};
  return body.dump();
}

std::string lifecycle_policy(const ElasticsearchOptions& options, Product product) {
  const auto& lifecycle = options.lifecycle;
  const std::string size = fmt::format("{}b", lifecycle.rollover_size.count);
  json rollover = json::object();
  if (product == Product::Elasticsearch) {
    if (options.has_data_stream())
      rollover = {{"rollover", {{"max_age", age(lifecycle.rollover_after)}, {"max_primary_shard_size", size}}}};
    return json{
        {"policy",
         {{"phases",
           {{"hot", {{"actions", rollover}}},
            {"delete", {{"min_age", age(lifecycle.delete_after)}, {"actions", {{"delete", json::object()}}}}}}}}}}
        .dump();
  }
  json actions = json::array();
  if (options.has_data_stream())
    actions.push_back(
        {{"rollover", {{"min_index_age", age(lifecycle.rollover_after)}, {"min_primary_shard_size", size}}}});
  json hot = {{"name", "hot"}, {"actions", actions}};
  hot["transitions"] =
      json::array({{{"state_name", "delete"}, {"conditions", {{"min_index_age", age(lifecycle.delete_after)}}}}});
  json gone = {
      {"name", "delete"}, {"actions", json::array({{{"delete", json::object()}}})}, {"transitions", json::array()}};
  json bound = {{"index_patterns", {options.index_pattern()}}, {"priority", 100}};
  json policy = {{"description", "Falco alerts: made by Tocsin, yours to change"}, {"default_state", "hot"}};
  policy["states"] = json::array({hot, gone});
  policy["ism_template"] = json::array({bound});
  return json{{"policy", policy}}.dump();
}

Preparation bootstrap(const ElasticsearchOptions& options, std::span<const net::HttpReply> replies,
                      const net::Url& host, const std::vector<net::Header>& headers) {
  if (!options.createindextemplate) return Ready{};
  std::size_t at = 0;
  const auto ask = [&](std::string method, const std::string& target, std::string body = {}) {
    net::HttpRequest request{.method = std::move(method),
                             .url = host.with_target(join_path(host, target)),
                             .headers = headers,
                             .body = std::move(body)};
    std::erase_if(request.headers, [](const net::Header& header) {
      return net::same_header_name(header.name, "Content-Encoding") ||
             net::same_header_name(header.name, "Content-Type");
    });
    if (!request.body.empty()) request.headers.push_back({"Content-Type", "application/json"});
    return request;
  };
  const std::string name = options.bootstrap_name(), quoted = core::percent_encode(name);

  Product product = options.product();
  if (options.has_lifecycle()) {
    if (product == Product::Unknown) {
      if (at == replies.size()) return ask("GET", "/");
      const net::HttpReply& said = replies[at++];
      if (auto outcome = refused(said, "asking the server what it is (product: auto)")) return std::move(*outcome);
      product = product_of(said);
      if (product == Product::Unknown)
        return core::Misconfigured{"the server does not say whether it is Elasticsearch or OpenSearch; set product",
                                   core::About::Sink};
    }
    const bool elastic = product == Product::Elasticsearch;
    const std::string target = (elastic ? "/_ilm/policy/" : "/_plugins/_ism/policies/") + quoted;
    const std::string what = fmt::format("{} policy '{}'", elastic ? "ILM" : "ISM", name);
    if (at == replies.size()) return ask("GET", target);
    auto found = looked_up(replies[at++], what);
    if (auto* outcome = std::get_if<core::Outcome>(&found)) return std::move(*outcome);
    if (std::get<Found>(found) == Found::Absent) {
      if (at == replies.size()) return ask("PUT", target, lifecycle_policy(options, product));
      const net::HttpReply& put = replies[at++];
      // 409: somebody put it in between.
      if (put.status != 409)
        if (auto outcome = refused(put, what)) return std::move(*outcome);
    }
  }

  const std::string target = "/_index_template/" + quoted, what = fmt::format("index template '{}'", name);
  const std::string wanted = index_template(options, product);
  if (at == replies.size()) return ask("GET", target);
  const net::HttpReply& there = replies[at++];
  auto found = looked_up(there, what);
  if (auto* outcome = std::get_if<core::Outcome>(&found)) return std::move(*outcome);
  if (std::get<Found>(found) == Found::Present && may_stay(there, name, wanted)) return Ready{};
  if (at == replies.size()) return ask("PUT", target, wanted);
  if (auto outcome = refused(replies[at], what)) return std::move(*outcome);
  return Ready{};
}

}  // namespace outputs
