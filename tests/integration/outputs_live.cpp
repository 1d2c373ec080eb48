// The outputs against real servers, which run-outputs-live starts and names in the environment. What was sent is read
// back from the server itself, by another way than the output's: complete, once, in the bytes that were meant.
#include "core/payload.h"
#include "core/text.h"
#include "net/http_client.h"
#include "tests/support/loop.h"
#include "tests/unit/outputs/make_output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>

using nlohmann::json;
using test::word;

namespace {

constexpr std::size_t kMany = 300;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  INFO(name);
  REQUIRE(value);
  return value;
}

// Texts that broke somebody's encoder once, in every place of an alert that its sender chooses.
std::vector<core::AlertRef> hostile_alerts(std::size_t count, const std::string& rule) {
  const std::vector<std::string> evil{"plain",
                                      "with \"quotes\" and 'more'",
                                      "back\\slash\\",
                                      "line\nbreak\r\ntab\t",
                                      "comma, equals= space",
                                      "<!channel> & <b>",
                                      "ünïcödé €😀",
                                      "\x01\x1b[31m",
                                      "{\"create\":{}}",
                                      "%s%n$(id)`id`",
                                      "",
                                      "#comment"};
  std::vector<core::AlertRef> alerts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& text = evil[i % evil.size()];
    const json alert{{"output", text + std::to_string(i)},
                     {"priority", "Warning"},
                     {"rule", rule},
                     {"time", fmt::format("2026-11-21T12:{:02}:{:02}.{:09}Z", i / 60 % 60, i % 60, i)},
                     {"hostname", "host " + std::to_string(i % 7)},
                     {"source", "syscalls"},
                     {"tags", {"t,1", text}},
                     {"output_fields",
                      {{"proc.cmdline", text},
                       {"proc.pid", i},
                       {"evt.rawtime", 1507591916746609046LL},
                       {"ratio", 0.5},
                       {"flag", true},
                       {"none", nullptr}}}};
    auto decoded = core::AlertDecoder{}.decode(alert.dump());
    REQUIRE(decoded);
    decoded->id = core::make_alert_id();
    alerts.push_back(std::make_shared<const core::Alert>(std::move(*decoded)));
  }
  return alerts;
}

core::Outcomes send(test::Made& made, const std::vector<core::AlertRef>& batch, std::size_t host = 0) {
  INFO(made.diagnostics.render());
  REQUIRE(made.output);
  return test::run(*made.loop, made.output->send(batch, {.number = 1, .now = core::now(), .host = host}));
}

std::string words(const core::Outcomes& outcomes) {
  std::map<std::string, std::size_t> counts;
  for (const auto& outcome : outcomes) ++counts[word(outcome)];
  std::string text;
  for (const auto& [one, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, one);
  return text;
}

std::string why(const core::Outcome& outcome) {
  if (const auto* retry = std::get_if<core::Retry>(&outcome)) return retry->why;
  if (const auto* reject = std::get_if<core::Reject>(&outcome)) return reject->why;
  if (const auto* misconfigured = std::get_if<core::Misconfigured>(&outcome)) return misconfigured->why;
  return {};
}

std::string call(const std::string& method, const std::string& url, const std::string& body = {}) {
  boost::asio::io_context loop;
  auto client = net::HttpClient::make(loop.get_executor(), {.max_reply_bytes = 64 << 20});
  REQUIRE(client);
  net::HttpRequest request{
      .method = method, .url = *net::Url::parse(url), .headers = {{"Content-Type", "application/json"}}, .body = body};
  const auto reply = test::run(loop, (*client)->exchange(std::move(request)));
  REQUIRE(reply);
  return reply->body;
}

std::string shell(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::string out;
  char chunk[65536];
  for (std::size_t size; (size = std::fread(chunk, 1, sizeof chunk, pipe)) > 0;) out.append(chunk, size);
  ::pclose(pipe);
  return out;
}

// Every record of a topic, as kcat's JSON envelopes.
std::vector<json> records(const std::string& topic) {
  std::vector<json> all;
  const std::string text = shell("kcat -C -q -J -e -o beginning -b " + environment("TOCSIN_KAFKA") + " -t " + topic);
  for (const auto line : core::split(text, '\n'))
    if (!line.empty()) all.push_back(json::parse(line));
  return all;
}

}  // namespace

TEST_CASE("Kafka has every alert once, byte for byte, with its key and headers", "[kafka]") {
  auto made = test::make(
      "kafka", "{hostport: '" + environment("TOCSIN_KAFKA") + "', topic: alerts, key: hostname, compression: gzip}");
  const auto alerts = hostile_alerts(kMany, "kafka, once");

  const auto outcomes = send(made, alerts);

  CHECK(words(outcomes) == "300 delivered");
  std::map<std::string, json> stored;
  std::map<std::string, int> partition_of_key;
  for (const json& record : records("alerts")) {
    if (record["headers"][5] != "kafka, once") continue;
    CHECK(stored.emplace(record["headers"][1].get<std::string>(), record).second);
    const auto [place, first] =
        partition_of_key.emplace(record["key"].get<std::string>(), record["partition"].get<int>());
    CHECK((first || place->second == record["partition"]));
  }
  REQUIRE(stored.size() == alerts.size());
  for (const auto& alert : alerts) {
    const json& record = stored.at(core::to_text(alert->id));
    CHECK(record["payload"] == core::to_payload(*alert));
    CHECK(record["key"] == alert->hostname);
    CHECK(record["headers"][3] == "Warning");
  }
}

TEST_CASE(
    "Kafka with SASL or a client certificate takes what the right credentials bring, and a wrong password is "
    "Misconfigured soon",
    "[kafka]") {
  const std::string folder = environment("TOCSIN_CERTIFICATES");
  const auto with_sasl = [&](const std::string& mechanism, const std::string& password) {
    return test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA_SASL") + "', topic: alerts, sasl: " +
                                   mechanism + ", username: alice, password: " + password + "}");
  };
  auto scram = with_sasl("SCRAM_SHA256", "alice-secret"), plain = with_sasl("PLAIN", "alice-secret"),
       wrong = with_sasl("PLAIN", "hunter2");
  auto mutual = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA_MTLS") +
                                        "', topic: alerts, tls: {ca_file: " + folder + "/ca.pem, cert_file: " + folder +
                                        "/client.pem, key_file: " + folder + "/client.key}}");
  auto stranger =
      test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA_MTLS") +
                              "', topic: alerts, tls: {ca_file: " + folder + "/otherca.pem}, timeout: {total: 3s}}");
  const auto alerts = hostile_alerts(5, "credentials");

  CHECK(words(send(scram, alerts)) == "5 delivered");
  CHECK(words(send(plain, alerts)) == "5 delivered");
  CHECK(words(send(mutual, alerts)) == "5 delivered");

  const auto begin = std::chrono::steady_clock::now();
  const auto refused = send(wrong, alerts);
  CHECK(words(refused) == "5 misconfigured");
  CHECK(why(refused[0]).find("hunter2") == std::string::npos);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{10});
  CHECK(words(send(wrong, alerts)) == "5 misconfigured");  // a new producer, the same answer
  CHECK(words(send(stranger, alerts)) ==
        "5 retry");  // the broker's certificate may be replaced; the way there is unwell
}

TEST_CASE(
    "Kafka: a missing or forbidden topic is Misconfigured, an alert over the topic's limit a Reject that spares its "
    "neighbours",
    "[kafka]") {
  auto missing = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA") + "', topic: nosuch}");
  auto forbidden = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA_SASL") +
                                           "', topic: secret, sasl: PLAIN, username: alice, password: alice-secret}");
  auto small = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA") + "', topic: small}");
  auto alerts = hostile_alerts(4, "limits");
  auto big = std::make_shared<core::Alert>(*alerts[1]);
  big->output = std::string(5000, 'x');
  alerts[1] = big;

  CHECK(words(send(missing, alerts)) == "4 misconfigured");
  CHECK(words(send(forbidden, alerts)) == "4 misconfigured");
  const auto outcomes = send(small, alerts);
  CHECK(words(outcomes) == "3 delivered, 1 reject");
  CHECK(word(outcomes[1]) == "reject");
  CHECK(records("small").size() == 3);
}

TEST_CASE("closing Kafka ends quickly and leaves nothing behind", "[kafka]") {
  auto made = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA") + "', topic: alerts}");
  const auto alerts = hostile_alerts(5, "closing");
  REQUIRE(words(send(made, alerts)) == "5 delivered");
  const auto begin = std::chrono::steady_clock::now();

  bool closed = false;
  boost::asio::co_spawn(*made.loop, made.output->close(), [&](std::exception_ptr) { closed = true; });
  made.loop->restart();
  while (!closed) made.loop->run_one();
  const auto after = send(made, alerts);
  made.output.reset();

  CHECK(words(after) == "5 retry");
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{6});
}

TEST_CASE("OpenSearch has every alert once, complete, under its id, however often it was sent", "[opensearch]") {
  const std::string url = environment("TOCSIN_OPENSEARCH");
  auto plain = test::make("elasticsearch", "{hostport: '" + url + "', index: falco-live, flattenfields: true}");
  auto packed = test::make("elasticsearch", "{hostport: 'http://127.0.0.1:1," + url +
                                                "', index: falco-live, flattenfields: true, enablecompression: true}");
  const auto alerts = hostile_alerts(kMany, "opensearch");

  CHECK(words(send(plain, alerts)) == "300 delivered");
  CHECK(words(send(plain, alerts)) == "300 delivered");  // 409: it is there
  CHECK(words(send(packed, alerts, 0)) == "300 retry");  // the first host is away
  CHECK(words(send(packed, alerts, 1)) == "300 delivered");

  call("POST", url + "/falco-live-2026.11.21/_refresh");
  const json found = json::parse(call("GET", url + "/falco-live-2026.11.21/_search?size=10000"));
  REQUIRE(found["hits"]["hits"].size() == alerts.size());
  std::map<std::string, json> stored;
  for (const json& hit : found["hits"]["hits"]) stored.emplace(hit["_id"], hit["_source"]);
  for (const auto& alert : alerts) {
    const json& document = stored.at(core::to_text(alert->id));
    CHECK(document["output"] == alert->output);
    CHECK(document["output_fields"]["proc_cmdline"] == alert->field("proc.cmdline")->text);
    CHECK(document["output_fields"]["evt_rawtime"] == 1507591916746609046LL);
    CHECK(document["@timestamp"] == alert->time_text);
  }
}

TEST_CASE("OpenSearch: each alert of a batch gets its own verdict, and blocked or missing indexes theirs",
          "[opensearch]") {
  const std::string url = environment("TOCSIN_OPENSEARCH");
  call("PUT", url + "/strict",
       R"({"mappings":{"properties":{"output_fields":{"properties":{"proc_pid":{"type":"long"}}}}}})");
  auto strict =
      test::make("elasticsearch", "{hostport: '" + url + "', index: strict, suffix: none, flattenfields: true}");
  auto alerts = hostile_alerts(3, "verdicts");
  auto wrong = std::make_shared<core::Alert>(*alerts[1]);
  for (auto& field : wrong->fields)
    if (field.name == "proc.pid")
      field = {.name = "proc.pid", .kind = core::AlertField::Kind::Text, .json = "\"abc\"", .text = "abc"};
  alerts[1] = wrong;

  const auto outcomes = send(strict, alerts);
  CHECK(words(outcomes) == "2 delivered, 1 reject");
  CHECK(why(outcomes[1]).find("proc_pid") != std::string::npos);

  const auto fresh = hostile_alerts(2, "blocked");
  call("PUT", url + "/strict/_settings", R"({"index.blocks.read_only_allow_delete":true})");
  CHECK(words(send(strict, fresh)) == "2 retry");
  call("PUT", url + "/strict/_settings", R"({"index.blocks.read_only_allow_delete":null})");
  CHECK(words(send(strict, fresh)) == "2 delivered");

  call("PUT", url + "/_cluster/settings", R"({"transient":{"action.auto_create_index":"falco*"}})");
  auto missing = test::make("elasticsearch", "{hostport: '" + url + "', index: other, suffix: none}");
  CHECK(words(send(missing, fresh)) == "2 misconfigured");
  auto pipeline = test::make("elasticsearch", "{hostport: '" + url + "', index: falco, pipeline: nosuch}");
  CHECK(words(send(pipeline, hostile_alerts(2, "pipeline"))) == "2 misconfigured");
  call("POST", url + "/strict/_close");
  CHECK(words(send(strict, hostile_alerts(2, "closed"))) == "2 misconfigured");
}

TEST_CASE("OpenSearch: a cluster short of memory is a Throttle", "[opensearch]") {
  const std::string url = environment("TOCSIN_OPENSEARCH");
  auto made = test::make("elasticsearch", "{hostport: '" + url + "', index: falco-full}");
  call("PUT", url + "/_cluster/settings", R"({"transient":{"network.breaker.inflight_requests.limit":"2kb"}})");

  CHECK(words(send(made, hostile_alerts(10, "full"))) == "10 throttle");

  call("PUT", url + "/_cluster/settings", R"({"transient":{"network.breaker.inflight_requests.limit":null}})");
}

TEST_CASE("InfluxDB has every alert once, at its own time, with every character in its place", "[influxdb]") {
  const std::string url = environment("TOCSIN_INFLUXDB");
  auto made = test::make("influxdb", "{hostport: '" + url + "', user: w, password: w-secret}");
  const auto alerts = hostile_alerts(kMany, "influx, db = 1");

  CHECK(words(send(made, alerts)) == "300 delivered");
  CHECK(words(send(made, alerts)) == "300 delivered");  // overwrites itself

  const std::string query = "/query?db=falco&epoch=ns&q=" + core::percent_encode("SELECT * FROM events");
  const json found = json::parse(call("GET", core::replace_all(url, "http://", "http://admin:admin-secret@") + query));
  const json series = found["results"][0]["series"][0];
  REQUIRE(series["values"].size() == alerts.size());
  std::map<std::string, json> stored;
  for (const json& row : series["values"]) {
    json point;
    for (std::size_t i = 0; i < row.size(); ++i) point[series["columns"][i].get<std::string>()] = row[i];
    stored.emplace(point["id"], point);
  }
  const auto as_written = [](std::string text) {
    return core::replace_all(core::replace_all(std::move(text), "\n", "\\n"), "\r", "\\r");
  };
  for (const auto& alert : alerts) {
    const json& point = stored.at(core::to_text(alert->id));
    CHECK(point["output"] == as_written(alert->output));
    CHECK(point["rule"] == "influx, db = 1");
    CHECK(point["hostname"] == alert->hostname);
    CHECK(point["time"] == core::to_unix_nanoseconds(alert->time));
    CHECK(point["proc.cmdline"] == as_written(alert->field("proc.cmdline")->text));
    CHECK(point["evt.rawtime"] == 1507591916746609046LL);
    CHECK(point["ratio"] == 0.5);
    CHECK(point["flag"] == true);
  }
}

TEST_CASE("InfluxDB: wrong credentials and a missing database are Misconfigured, a field of another type a Reject",
          "[influxdb]") {
  const std::string url = environment("TOCSIN_INFLUXDB");
  auto wrong = test::make("influxdb", "{hostport: '" + url + "', user: w, password: hunter2}");
  auto missing =
      test::make("influxdb", "{hostport: '" + url + "', database: nosuch, user: admin, password: admin-secret}");
  auto right = test::make("influxdb", "{hostport: '" + url + "', user: w, password: w-secret}");
  const auto alerts = hostile_alerts(2, "types");
  auto other = std::make_shared<core::Alert>(*alerts[0]);
  for (auto& field : other->fields)
    if (field.name == "flag")
      field = {.name = "flag", .kind = core::AlertField::Kind::Text, .json = "\"no\"", .text = "no"};

  CHECK(words(send(wrong, alerts)) == "2 misconfigured");
  CHECK(words(send(missing, alerts)) == "2 misconfigured");
  CHECK(words(send(right, alerts)) == "2 delivered");
  CHECK(words(send(right, {other})) == "1 reject");
}

TEST_CASE("the v2 write interface of VictoriaMetrics takes every point", "[victoriametrics]") {
  const std::string url = environment("TOCSIN_VICTORIAMETRICS");
  auto made = test::make("influxdb", "{hostport: '" + url + "', organization: o, token: t}");
  const auto alerts = hostile_alerts(kMany, "victoria, \"metrics\"");

  CHECK(words(send(made, alerts)) == "300 delivered");

  call("GET", url + "/internal/force_flush");
  const std::string exported = call("GET", url + "/api/v1/export?start=0&end=4000000000&match%5B%5D=" +
                                               core::percent_encode("{__name__=\"events_proc.pid\"}"));
  std::size_t points = 0;
  for (const auto line : core::split(exported, '\n'))
    if (!line.empty()) {
      const json series = json::parse(line);
      CHECK(series["metric"]["rule"] == "victoria, \"metrics\"");
      points += series["values"].size();
    }
  CHECK(points == alerts.size());
}
