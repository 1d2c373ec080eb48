// The influxdb output against InfluxDB 1 ([influxdb], with users), nginx before it ([influxdb-proxy]), servers with
// limits
// ([influxdb-limits]) and VictoriaMetrics ([victoriametrics]). run-outputs-live starts them.
#include "tests/integration/live_outputs.h"

using nlohmann::json;
using namespace live;

namespace {

std::string server() {
  return environment("TOCSIN_INFLUXDB");
}

test::Made sink(const std::string& more = {}) {
  return test::make("influxdb", "{hostport: '" + server() + "', user: w, password: w-secret" + more + "}");
}

json query(const std::string& text) {
  const std::string admin = core::replace_all(server(), "http://", "http://admin:admin-secret@");
  return json::parse(call("POST", admin + "/query?db=falco&epoch=ns&q=" + core::percent_encode(text)));
}

// The points of a measurement by their ids.
std::map<std::string, json> points_of(const std::string& measurement) {
  const json found = query("SELECT * FROM \"" + measurement + "\"");
  std::map<std::string, json> stored;
  if (!found["results"][0].contains("series")) return stored;
  const json series = found["results"][0]["series"][0];
  for (const json& row : series["values"]) {
    json point;
    for (std::size_t i = 0; i < row.size(); ++i) point[series["columns"][i].get<std::string>()] = row[i];
    CHECK(stored.emplace(point["id"], point).second);
  }
  return stored;
}

std::string as_written(std::string text) {
  return core::replace_all(core::replace_all(std::move(text), "\n", "\\n"), "\r", "\\r");
}

core::AlertRef with(const core::AlertRef& alert, const std::string& name, core::AlertField::Kind kind,
                    const std::string& value) {
  auto changed = std::make_shared<core::Alert>(*alert);
  std::erase_if(changed->fields, [&](const auto& field) { return field.name == name; });
  changed->fields.push_back({.name = name, .kind = kind, .json = value, .text = value});
  std::sort(changed->fields.begin(), changed->fields.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return changed;
}

}  // namespace

TEST_CASE("InfluxDB has every alert once, at its own time, with every character in its place", "[influxdb]") {
  auto made = sink();
  auto alerts = hostile_alerts(kMany, "influx, db = 1");
  alerts.push_back(
      with(with(hostile_alerts(1, "big")[0], "proc.cmdline", core::AlertField::Kind::Text, std::string(64 << 10, 'x')),
           "huge", core::AlertField::Kind::Number, "18446744073709551615"));

  CHECK(words(send(made, alerts)) == "301 delivered");
  CHECK(words(send(made, alerts)) == "301 delivered");  // overwrites itself

  const auto stored = points_of("events");
  REQUIRE(stored.size() == alerts.size());
  for (const auto& alert : alerts) {
    const json& point = stored.at(core::to_text(alert->id));
    CHECK(point["value"] == as_written(alert->output));
    CHECK(point["rule"] == alert->rule);
    CHECK(point["hostname"] == alert->hostname);
    CHECK(point["time"] == core::to_unix_nanoseconds(alert->time));
    CHECK(point["event_time"] == alert->time_text);
    CHECK(point["proc.cmdline"] == as_written(alert->field("proc.cmdline")->text));
    CHECK(point["evt.rawtime"] == 1507591916746609046LL);
    CHECK(point["ratio"] == 0.5);
    CHECK(point["flag"] == true);
  }
  CHECK(stored.at(core::to_text(alerts.back()->id))["huge_string"] == "18446744073709551615");
}

TEST_CASE("InfluxDB keeps two alerts of one nanosecond, and alerts whose field has another type under another name",
          "[influxdb]") {
  auto made = sink(", measurement: twice");
  auto alerts = hostile_alerts(4, "twice");
  for (auto& alert : alerts) {
    auto same = std::make_shared<core::Alert>(*alert);
    same->time = alerts[0]->time;
    same->time_text = alerts[0]->time_text;
    same->hostname = "one";
    alert = same;
  }
  alerts[1] = with(alerts[1], "flag", core::AlertField::Kind::Text, "no");
  alerts[2] = with(alerts[2], "proc.pid", core::AlertField::Kind::Number, "1.5");

  CHECK(words(send(made, alerts)) == "4 delivered");

  const auto stored = points_of("twice");
  REQUIRE(stored.size() == 4);
  CHECK(stored.at(core::to_text(alerts[1]->id))["flag_string"] == "no");
  CHECK(stored.at(core::to_text(alerts[2]->id))["proc.pid_float"] == 1.5);
  CHECK(stored.at(core::to_text(alerts[0]->id))["time"] == core::to_unix_nanoseconds(alerts[0]->time));

  auto strict = sink(", measurement: twice, typeconflicts: reject");
  const auto outcomes =
      send(strict, {with(hostile_alerts(1, "strict")[0], "flag", core::AlertField::Kind::Text, "no")});
  CHECK(words(outcomes) == "1 reject");
  CHECK(why(outcomes[0]).find("field type conflict") != std::string::npos);
}

TEST_CASE("InfluxDB: credentials, rights, database and retention policy that are wrong pause the sink", "[influxdb]") {
  query("CREATE USER r WITH PASSWORD 'r-secret'");
  query("GRANT READ ON falco TO r");
  query("CREATE RETENTION POLICY fortnight ON falco DURATION 336h REPLICATION 1");
  const auto alerts = hostile_alerts(2, "rights");
  const std::vector<std::pair<std::string, std::string>> table{
      {"user: w, password: w-secret", "2 delivered"},
      {"user: w, password: hunter2", "2 misconfigured"},
      {"database: falco", "2 misconfigured"},
      {"user: r, password: r-secret", "2 misconfigured"},
      {"user: admin, password: admin-secret, database: nosuch", "2 misconfigured"},
      {"user: w, password: w-secret, retentionpolicy: nope", "2 misconfigured"},
      {"user: w, password: w-secret, version: 2", "2 misconfigured"},  // 404: this server has no /api/v2/write
      {"user: w, password: w-secret, enablecompression: true, precision: ms, measurement: packed", "2 delivered"},
  };
  for (const auto& [options, wanted] : table) {
    CAPTURE(options);
    auto made = test::make("influxdb", "{hostport: '" + server() + "', " + options + "}");
    const auto outcomes = send(made, alerts);
    CHECK(words(outcomes) == wanted);
    CHECK(why(outcomes[0]).find("hunter2") == std::string::npos);
  }
  CHECK(points_of("packed").size() == 2);

  auto fortnight = sink(", retentionpolicy: fortnight");
  const auto outcomes = send(fortnight, {test::alert(test::kFixture)});  // of 2001
  CHECK(words(outcomes) == "1 reject");
  CHECK(why(outcomes[0]).find("beyond retention policy") != std::string::npos);
}

TEST_CASE("InfluxDB with limits: a body too large, too many values of a tag, a queue that is full",
          "[influxdb-limits]") {
  auto made = sink(", measurement: limits");

  CHECK(words(send(made, hostile_alerts(100, "large"))) == "100 reject");  // 413: hub/deliver bisects
  CHECK(made.output->limits().items == 50);
  const auto alerts = hostile_alerts(3, "tags");  // three hosts; two are allowed
  CHECK(words(send(made, {alerts[0]})) == "1 delivered");
  CHECK(words(send(made, {alerts[1]})) == "1 delivered");
  const auto outcomes = send(made, {alerts[2]});
  CHECK(words(outcomes) == "1 reject");
  CHECK(why(outcomes[0]).find("max-values-per-tag") != std::string::npos);

  // One writer holds the only place and another the only seat in the queue.
  const std::string hold =
      "(echo 'e v=1'; sleep 4) | curl -s -u w:w-secret -T - -XPOST '" + server() + "/write?db=falco' & ";
  REQUIRE(std::system((hold + hold + "sleep 0.7").c_str()) == 0);
  CHECK(words(send(made, {alerts[0]})) == "1 retry");
}

TEST_CASE(
    "InfluxDB through a proxy: TLS, client certificate, token, basic authentication, and pages that are none of its "
    "own",
    "[influxdb-proxy]") {
  const std::string http = environment("TOCSIN_NGINX_HTTP"), tls = environment("TOCSIN_NGINX_TLS"),
                    mtls = environment("TOCSIN_NGINX_MTLS");
  const std::string certificates = environment("TOCSIN_CERTIFICATES"),
                    ca = "tls: {ca_file: " + certificates + "/ca.pem";
  const std::string client = ", cert_file: " + certificates + "/client.pem, key_file: " + certificates + "/client.key}";
  const std::vector<std::tuple<std::string, std::string, std::string>> table{
      {tls, ca + "}", "delivered"},
      {mtls, ca + client, "delivered"},
      {mtls, ca + "}", "misconfigured"},
      {http + "/basic", "user: w, password: w-secret", "delivered"},
      {http + "/basic", "user: w, password: hunter2", "misconfigured"},
      {http + "/key", "token: sekrit, organization: o", "delivered"},
      {http + "/key", "token: hunter2, organization: o", "misconfigured"},
      {http + "/key", "token: sekrit, version: 3", "delivered"},
      {http + "/moved", "database: falco", "misconfigured"},
      {http + "/page", "database: falco", "retry"},
  };
  for (const auto& [url, options, wanted] : table) {
    CAPTURE(url, options);
    auto made = test::make("influxdb", "{hostport: '" + url + "', " + options + "}");
    CHECK(words(send(made, hostile_alerts(3, "proxy"))) == "3 " + wanted);
  }
}

TEST_CASE("both write interfaces of VictoriaMetrics take every point", "[victoriametrics]") {
  const std::string url = environment("TOCSIN_VICTORIAMETRICS");
  for (const std::string options :
       {"database: falco, measurement: one", "organization: o, token: t, measurement: two"}) {
    CAPTURE(options);
    auto made = test::make("influxdb", "{hostport: '" + url + "', " + options + "}");
    const auto alerts = hostile_alerts(kMany, "victoria, \"metrics\"");

    CHECK(words(send(made, alerts)) == "300 delivered");

    call("GET", url + "/internal/force_flush");
    const std::string name = options.ends_with("one") ? "one" : "two";
    const std::string exported = call("GET", url + "/api/v1/export?start=0&end=4000000000&match%5B%5D=" +
                                                 core::percent_encode("{__name__=\"" + name + "_proc.pid\"}"));
    std::size_t points = 0;
    for (const auto line : core::split(exported, '\n'))
      if (!line.empty()) {
        const json series = json::parse(line);
        CHECK(series["metric"]["rule"] == "victoria, \"metrics\"");
        points += series["values"].size();
      }
    CHECK(points == alerts.size());
  }
}
