// The elasticsearch output against real servers: [search] runs on OpenSearch and on Elasticsearch 7, [search-proxy]
// through nginx, [search-security] on OpenSearch with its security plugin. run-outputs-live starts them.
#include "tests/integration/live_outputs.h"

using nlohmann::json;
using namespace live;

namespace {

std::string server() {
  return environment("TOCSIN_SEARCH");
}

test::Made sink(const std::string& more) {
  return test::make("elasticsearch", "{hostport: '" + server() + "', " + more + "}");
}

// `alert` with another value for one field.
core::AlertRef with(const core::AlertRef& alert, const std::string& name, const json& value) {
  auto changed = std::make_shared<core::Alert>(*alert);
  std::erase_if(changed->fields, [&](const auto& field) { return field.name == name; });
  const bool is_text = value.is_string();
  changed->fields.push_back({.name = name,
                             .kind = is_text ? core::AlertField::Kind::Text : core::AlertField::Kind::Nested,
                             .json = value.dump(),
                             .text = is_text ? value.get<std::string>() : value.dump()});
  std::sort(changed->fields.begin(), changed->fields.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return changed;
}

std::map<std::string, json> documents_of(const std::string& index) {
  call("POST", server() + "/" + index + "/_refresh");
  const json found = json::parse(call("GET", server() + "/" + index + "/_search?size=10000"));
  std::map<std::string, json> stored;
  for (const json& hit : found["hits"]["hits"]) CHECK(stored.emplace(hit["_id"], hit["_source"]).second);
  return stored;
}

void set(const std::string& index, const std::string& setting, const json& value) {
  call("PUT", server() + "/" + index + "/_settings", json{{setting, value}}.dump());
}

void set_cluster(const std::string& setting, const json& value) {
  call("PUT", server() + "/_cluster/settings", json{{"transient", {{setting, value}}}}.dump());
}

}  // namespace

TEST_CASE("every alert is there once, complete, under its id, in each format and however often it was sent",
          "[search]") {
  const auto alerts = hostile_alerts(kMany, "search");
  const std::string big(64 << 10, 'x');
  for (const std::string format : {"raw", "flattened", "ecs"}) {
    CAPTURE(format);
    const std::string options = "index: falco-" + format + ", format: " + format;
    auto plain = sink(options);
    auto packed = test::make(
        "elasticsearch", "{hostport: 'http://127.0.0.1:1," + server() + "', enablecompression: true, " + options + "}");
    auto sent = alerts;
    sent.push_back(with(hostile_alerts(1, "big")[0], "proc.cmdline", big));

    CHECK(words(send(plain, sent)) == "301 delivered");
    CHECK(words(send(plain, sent)) == "301 delivered");      // 409: it is there
    CHECK(words(send(packed, sent, 0)) == "301 delivered");  // the first host is away

    const auto stored = documents_of("falco-" + format + "-2026.11.21");
    REQUIRE(stored.size() == sent.size());
    for (const auto& alert : sent) {
      const json& document = stored.at(core::to_text(alert->id));
      const json& fields = format == "ecs" ? document["falco"]["output_fields"] : document["output_fields"];
      CHECK(document[format == "ecs" ? "message" : "output"] == alert->output);
      CHECK(fields[format == "raw" ? "proc.cmdline" : "proc_cmdline"] == alert->field("proc.cmdline")->text);
      CHECK(fields[format == "raw" ? "evt.rawtime" : "evt_rawtime"] == 1507591916746609046LL);
      CHECK(document["@timestamp"] == alert->time_text);
      CHECK(document["tags"] == alert->tags);
    }
  }
}

TEST_CASE("each alert of a batch gets its own verdict from the index's mapping", "[search]") {
  call(
      "PUT", server() + "/verdicts",
      R"({"mappings":{"properties":{"output_fields":{"properties":{"proc_pid":{"type":"long"},"tight":{"type":"keyword"},"object":{"properties":{"a":{"type":"text"}}}}}}}})");
  call("PUT", server() + "/strict", R"({"mappings":{"dynamic":"strict","properties":{"output":{"type":"text"}}}})");
  const std::string options = "index: verdicts, suffix: none, format: flattened";
  auto reject = sink(options), strip = sink(options + ", mappingconflicts: strip");
  auto alerts = hostile_alerts(5, "verdicts");
  alerts[1] = with(alerts[1], "proc.pid", "abc");
  alerts[2] = with(alerts[2], "tight", std::string(40'000, 'k'));
  alerts[3] = with(with(alerts[3], "object", "no object"), "proc.pid", "abc");

  const auto outcomes = send(reject, alerts);
  CHECK(words(outcomes) == "2 delivered, 3 reject");
  CHECK(why(outcomes[1]).find("proc_pid") != std::string::npos);
  CHECK(why(outcomes[2]).find("tight") != std::string::npos);
  CHECK(why(outcomes[3]).find("400") != std::string::npos);

  CHECK(words(send(strip, alerts)) == "5 delivered");
  const auto stored = documents_of("verdicts");
  CHECK(stored.at(core::to_text(alerts[1]->id))["tocsin_stripped_fields"] == json{"proc.pid"});
  CHECK(stored.at(core::to_text(alerts[3]->id))["tocsin_stripped_fields"].size() == 2);
  CHECK_FALSE(stored.at(core::to_text(alerts[0]->id)).contains("tocsin_stripped_fields"));

  auto strict = sink("index: strict, suffix: none");
  CHECK(words(send(strict, hostile_alerts(2, "strict"))) == "2 reject");
  set("verdicts", "index.mapping.total_fields.limit", 20);
  CHECK(words(send(reject, {with(hostile_alerts(1, "limit")[0], "new",
                                 json{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}, {"f", 6}})})) == "1 reject");
}

TEST_CASE("an index that is blocked, closed, missing or without its shards holds its own alerts back", "[search]") {
  auto made = sink("index: falco-blocked, suffix: none");
  const auto fresh = hostile_alerts(2, "blocked");
  REQUIRE(words(send(made, hostile_alerts(1, "first"))) == "1 delivered");

  set("falco-blocked", "index.blocks.read_only_allow_delete", true);
  CHECK(words(send(made, fresh)) == "2 retry");
  set("falco-blocked", "index.blocks.read_only_allow_delete", nullptr);
  set("falco-blocked", "index.blocks.write", true);
  CHECK(words(send(made, fresh)) == "2 retry");
  set("falco-blocked", "index.blocks.write", nullptr);
  CHECK(words(send(made, fresh)) == "2 delivered");
  call("POST", server() + "/falco-blocked/_close");
  CHECK(words(send(made, hostile_alerts(2, "closed"))) == "2 misconfigured");

  set_cluster("action.auto_create_index", "falco*");
  auto missing = sink("index: other, suffix: none");
  CHECK(words(send(missing, fresh)) == "2 misconfigured");
  auto pipeline = sink("index: falco, pipeline: nosuch");
  CHECK(words(send(pipeline, fresh)) == "2 misconfigured");
  set_cluster("action.auto_create_index", nullptr);

  call("PUT", server() + "/falco-none?wait_for_active_shards=0",
       R"({"settings":{"index.routing.allocation.require._name":"nobody"}})");
  auto none = sink("index: falco-none, suffix: none, timeout: {total: 10s}");
  auto half = std::chrono::steady_clock::now();
  const auto outcomes = send(none, fresh);
  CHECK(words(outcomes) == "2 retry");
  CHECK(why(outcomes[0]).find("503") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - half < std::chrono::seconds{9});
}

TEST_CASE("a cluster that is read-only pauses the sink, one short of memory gets time and smaller requests",
          "[search]") {
  auto made = sink("index: falco-full, timeout: {total: 4s}");
  set_cluster("cluster.blocks.read_only", true);
  CHECK(words(send(made, hostile_alerts(2, "read-only"))) == "2 misconfigured");
  set_cluster("cluster.blocks.read_only", nullptr);

  set_cluster("network.breaker.inflight_requests.limit", "6kb");
  CHECK(words(send(made, hostile_alerts(40, "full"))) == "40 throttle");
  CHECK(made.output->limits().items == 20);
  const auto outcomes = send(made, hostile_alerts(1, "full"));
  CHECK(words(outcomes) == "1 delivered");
  set_cluster("network.breaker.inflight_requests.limit", nullptr);
}

TEST_CASE(
    "the index template is put once, keeps malformed values from costing an alert, and somebody's own is left alone",
    "[search]") {
  const std::string options = "index: falco-made, createindextemplate: true, numberofreplicas: 0";
  auto first = sink(options), again = sink(options);
  const auto alerts = hostile_alerts(2, "template");
  CHECK(words(send(first, {alerts[0]})) == "1 delivered");
  CHECK(words(send(again, {with(alerts[1], "proc.pid", "no number")})) == "1 delivered");

  const json made =
      json::parse(call("GET", server() + "/_index_template/falco-made"))["index_templates"][0]["index_template"];
  CHECK(made["_meta"]["managed_by"] == "tocsin");
  const json mapping =
      json::parse(call("GET", server() + "/falco-made-2026.11.21/_mapping"))["falco-made-2026.11.21"]["mappings"];
  CHECK(mapping["properties"]["output_fields"]["properties"]["proc_cmdline"]["type"] == "text");
  CHECK(mapping["properties"]["@timestamp"]["type"] == "date");
  CHECK(documents_of("falco-made-2026.11.21").at(core::to_text(alerts[1]->id))["output_fields"]["proc_pid"] ==
        "no number");

  auto changed = sink("index: falco-made, createindextemplate: true, numberofshards: 2");
  CHECK(words(send(changed, hostile_alerts(1, "changed"))) == "1 delivered");
  CHECK(call("GET", server() + "/_index_template/falco-made").find(R"("number_of_shards":"2")") != std::string::npos);
  call("PUT", server() + "/_index_template/falco-own", R"({"index_patterns":["falco-own-*"],"priority":300})");
  auto own = sink("index: falco-own, createindextemplate: true");
  CHECK(words(send(own, hostile_alerts(1, "own"))) == "1 delivered");
  CHECK(call("GET", server() + "/_index_template/falco-own").find("tocsin") == std::string::npos);

  auto ecs = sink("index: falco-ecs2, createindextemplate: true, format: ecs");
  CHECK(words(send(ecs, hostile_alerts(3, "ecs"))) == "3 delivered");
}

TEST_CASE("a lifecycle on a server that has none pauses the sink and says so", "[search]") {
  auto made = sink("index: falco-cycle, createindextemplate: true, lifecycle: {delete_after: 30d}");

  const auto outcomes = send(made, hostile_alerts(1, "lifecycle"));

  CHECK(words(outcomes) == "1 misconfigured");
  CHECK(why(outcomes[0]).find("policy 'falco-cycle'") != std::string::npos);
}

TEST_CASE("a data stream takes every alert once, in a stream made by our template", "[search-streams]") {
  auto made =
      sink("datastream: logs-falco.alerts-default, createindextemplate: true, format: ecs, numberofreplicas: 0");
  const auto alerts = hostile_alerts(30, "stream");

  CHECK(words(send(made, alerts)) == "30 delivered");
  CHECK(words(send(made, alerts)) == "30 delivered");

  CHECK(documents_of("logs-falco.alerts-default").size() == 30);
  CHECK(json::parse(call("GET", server() + "/_data_stream/logs-falco.alerts-default"))["data_streams"][0]["template"] ==
        "logs-falco.alerts-default");
}

TEST_CASE("a server that takes no large bodies has them split, one whose queue is full gets each alert again",
          "[search-limits]") {
  auto made = sink("index: falco");

  CHECK(words(send(made, hostile_alerts(100, "large"))) == "100 reject");  // 413: hub/deliver bisects
  CHECK(made.output->limits().items == 50);
  const auto outcomes = send(made, hostile_alerts(2, "queue"));
  CHECK(words(outcomes) == "2 retry");
  CHECK(why(outcomes[0]).find("429") != std::string::npos);
}

TEST_CASE("a server that answers before it has a cluster is tried again", "[search-starting]") {
  auto made = sink("index: falco, timeout: {total: 4s}");
  auto with_template = sink("index: falco, createindextemplate: true, timeout: {total: 4s}");

  const auto outcomes = send(made, hostile_alerts(2, "starting"));
  CHECK(words(outcomes) == "2 retry");
  CHECK(why(outcomes[0]).find("503") != std::string::npos);
  CHECK(words(send(with_template, hostile_alerts(2, "starting"))) == "2 retry");
}

TEST_CASE("through a proxy: TLS, basic authentication, API key and client certificate, and what it says without them",
          "[search-proxy]") {
  const std::string http = environment("TOCSIN_NGINX_HTTP"), tls = environment("TOCSIN_NGINX_TLS"),
                    mtls = environment("TOCSIN_NGINX_MTLS");
  const std::string certificates = environment("TOCSIN_CERTIFICATES"),
                    ca = "tls: {ca_file: " + certificates + "/ca.pem";
  const std::string client = ", cert_file: " + certificates + "/client.pem, key_file: " + certificates + "/client.key}";
  const auto alerts = hostile_alerts(3, "proxy");
  const std::vector<std::tuple<std::string, std::string, std::string>> table{
      {tls, ca + "}", "delivered"},
      {tls, "checkcert: true", "retry"},  // an authority that nobody told us of
      {mtls, ca + client, "delivered"},
      {mtls, ca + "}", "misconfigured"},
      {http + "/basic", "username: w, password: w-secret", "delivered"},
      {http + "/basic", "username: w, password: hunter2", "misconfigured"},
      {http + "/key", "apikey: dGVzdDprZXk=", "delivered"},
      {http + "/key", "apikey: aHVudGVyMg==", "misconfigured"},
      {http + "/moved", "checkcert: true", "misconfigured"},
      {http + "/page", "checkcert: true", "retry"},
  };
  for (const auto& [url, options, wanted] : table) {
    CAPTURE(url, options);
    auto made = test::make("elasticsearch", "{hostport: '" + url + "', " + options + "}");
    const auto outcomes = send(made, alerts);
    CHECK(words(outcomes) == "3 " + wanted);
    CHECK(why(outcomes[0]).find("hunter2") == std::string::npos);
  }
  auto small = test::make("elasticsearch", "{hostport: '" + http + "/small', index: falco-small}");
  CHECK(words(send(small, hostile_alerts(100, "small"))) == "100 reject");  // 413: hub/deliver bisects
  CHECK(small.output->limits().items == 50);
}

TEST_CASE("a cluster with users: the right one writes, the others pause the sink or the index that is not theirs",
          "[search-security]") {
  const std::string url = environment("TOCSIN_SEARCH_SECURE"),
                    ca = "tls: {ca_file: " + environment("TOCSIN_CERTIFICATES") + "/ca.pem}, ";
  const auto alerts = hostile_alerts(2, "security");
  const std::vector<std::tuple<std::string, std::string>> table{
      {"username: writer, password: writer-secret", "delivered"},
      {"username: writer, password: hunter2", "misconfigured"},
      {"checkcert: true", "misconfigured"},
      {"username: nobody, password: writer-secret", "misconfigured"},
      {"username: writer, password: writer-secret, index: foreign", "misconfigured"},
      {"username: writer, password: writer-secret, createindextemplate: true", "misconfigured"},
      {"username: admin, password: writer-secret, createindextemplate: true, index: falco-admin", "delivered"},
  };
  for (const auto& [options, wanted] : table) {
    CAPTURE(options);
    auto made = test::make("elasticsearch", "{hostport: '" + url + "', " + ca + options + "}");
    CHECK(words(send(made, alerts)) == "2 " + wanted);
  }
}
