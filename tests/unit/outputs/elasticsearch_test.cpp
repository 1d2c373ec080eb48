// Bulk bodies and the judging of their items, row by row.
#include "core/text.h"
#include "tests/unit/outputs/make_output.h"

#include <zlib.h>
#include <nlohmann/json.hpp>

using test::alert;
using test::make;
using test::render;

namespace {

std::vector<std::string> lines_of(const std::string& body) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < body.size();) {
    const auto end = body.find('\n', at);
    REQUIRE(end != std::string::npos);  // the last line needs its newline too
    lines.push_back(body.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("an alert is created under its id in the index of its own day, with @timestamp") {
  const auto made = make("elasticsearch", "{hostport: 'http://es:9200/', pipeline: geo ip}");

  const auto request = render(made, {alert(test::kReadme)}).request;

  CHECK(request.url.target == "/_bulk?filter_path=errors,items.*.status,items.*.error&timeout=10s&pipeline=geo%20ip");
  CHECK(request.headers.at(0).value == "application/x-ndjson");
  const auto lines = lines_of(request.body);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == R"({"create":{"_index":"falco-2019.05.17","_id":"00000000-0000-0000-0000-000000000001"}})");
  CHECK(
      lines[1] ==
      R"json({"uuid":"00000000-0000-0000-0000-000000000001","output":"16:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack file=/bin/hack)","priority":"Error","rule":"Write below binary dir","time":"2019-05-17T15:31:56.746609046Z","output_fields":{"evt.time":1507591916746609046,"fd.name":"/bin/hack","proc.cmdline":"touch /bin/hack","user.name":"root"},"source":"syscalls","hostname":"localhost","@timestamp":"2019-05-17T15:31:56.746609046Z"})json");
}

TEST_CASE("the suffix is the event's date in UTC, as long as asked for") {
  const std::string late =
      R"({"output":"o","priority":"Error","rule":"r","time":"2019-12-31T23:30:00-02:00","output_fields":{"a":"b"}})";
  for (const auto& [suffix, index] : {std::pair{"daily", "falco-2020.01.01"}, std::pair{"monthly", "falco-2020.01"},
                                      std::pair{"annually", "falco-2020"}, std::pair{"none", "falco"}}) {
    const auto made = make("elasticsearch", std::string{"{hostport: 'http://es', suffix: "} + suffix + "}");

    const auto action = nlohmann::json::parse(lines_of(render(made, {alert(late)}).request.body)[0]);

    CHECK(action["create"]["_index"] == index);
  }
}

TEST_CASE("flattened names stay apart, and a sender's own @timestamp does not make the key twice") {
  const auto made = make("elasticsearch", "{hostport: 'http://es', flattenfields: true}");
  const std::string clash =
      R"({"output":"o","priority":"Error","rule":"r","time":"2001-01-01T01:10:00Z","output_fields":{"a.b":"1","a_b":"2"},"@timestamp":"nonsense"})";

  const std::string document = lines_of(render(made, {alert(clash)}).request.body)[1];

  const auto parsed = nlohmann::json::parse(document);
  CHECK(parsed["output_fields"] == nlohmann::json{{"a_b", "1"}, {"a_b_", "2"}});
  CHECK(parsed["@timestamp"] == "2001-01-01T01:10:00Z");
  CHECK(document.find("nonsense") == std::string::npos);
}

TEST_CASE("credentials become one Authorization header, and a compressed request says so") {
  const auto header = [](const std::string& yaml) {
    const auto made = make("elasticsearch", yaml);
    const net::HttpReply lookup{
        .status = 0, .headers = render(made, {alert(test::kFixture)}).request.headers, .body = {}};
    return std::string{lookup.header("Authorization")};
  };
  CHECK(header("{hostport: 'http://es', username: w, password: s}") == "Basic dzpz");
  CHECK(header("{hostport: 'http://es', apikey: dGVzdDprZXk=}") == "ApiKey dGVzdDprZXk=");
  CHECK(header("hostport: http://es") == "");

  const auto plain = render(make("elasticsearch", "hostport: http://es"), {alert(test::kFixture)}).request;
  const auto packed =
      render(make("elasticsearch", "{hostport: 'http://es', enablecompression: true}"), {alert(test::kFixture)})
          .request;
  CHECK(gunzip(packed.body) == plain.body);
  CHECK(packed.headers.at(1).name == "Content-Encoding");
}

TEST_CASE("each try goes to the next of several hosts") {
  const auto made = make("elasticsearch", "hostport: http://es1:9200,http://es2:9200");
  const std::vector<core::AlertRef> batch{alert(test::kFixture)};

  CHECK(made.http().request(batch, {.host = 0}).request.url.host == "es1");
  CHECK(made.http().request(batch, {.host = 3}).request.url.host == "es2");
}

TEST_CASE("a name with holes is filled with what an index may be called, and holds back alone") {
  const auto made = make("elasticsearch", "{hostport: 'http://es', index: 'falco-{{k8s.ns.name}}', suffix: monthly}");
  const auto in_namespace = [](const std::string& name) {
    return alert(
        R"({"output":"o","priority":"Error","rule":"r","time":"2026-11-21T00:00:00Z","output_fields":{"k8s.ns.name":)" +
        core::json_quote(name) + "}}");
  };
  const auto index = [&](const core::AlertRef& one) {
    return nlohmann::json::parse(lines_of(render(made, {one}).request.body)[0])["create"]["_index"].get<std::string>();
  };

  CHECK(index(in_namespace("prod")) == "falco-prod-2026.11");
  CHECK(index(in_namespace("Prod/../*,x y\"\n\u00e9")) == "falco-prod_..___x_y____-2026.11");
  CHECK(index(in_namespace(std::string(5000, 'n'))).size() == 200 + 8);
  CHECK(made.http().destination(*in_namespace("prod")) == "falco-prod-2026.11");
  for (const char* bad : {"'{{k8s.ns.name}}'", "'-{{rule}}'", "'Falco-{{rule}}'", "'falco,{{rule}}'", "'falco-{{rule'"})
    CHECK_FALSE(make("elasticsearch", std::string{"{hostport: 'http://es', index: "} + bad + "}").output);
}

TEST_CASE("the index of today is the sink itself, that of another day is held back alone, a data stream is one") {
  const auto daily = make("elasticsearch", "hostport: http://es");
  const auto stream = make("elasticsearch", "{hostport: 'http://es', datastream: logs-falco.alerts-default}");
  core::Alert today = *alert(test::kFixture), old = today;
  today.time = core::now();

  CHECK(daily.http().destination(today) == "");
  CHECK(daily.http().destination(old) == "falco-2001.01.01");
  CHECK(stream.http().destination(old) == "");
  const auto action = lines_of(render(stream, {alert(test::kFixture)}).request.body)[0];
  CHECK(action == R"({"create":{"_index":"logs-falco.alerts-default","_id":"00000000-0000-0000-0000-000000000001"}})");
}

TEST_CASE("an ECS document has the fields that Elastic looks for, only with values of their type, and all of Falco's") {
  const auto made = make("elasticsearch", "{hostport: 'http://es', format: ecs}");
  const std::string event =
      R"({"output":"o","priority":"Warning","rule":"r","source":"syscall","hostname":"h","tags":["t"],"time":"2026-11-21T00:00:00.5Z","output_fields":)"
      R"({"proc.name":"sh","proc.pid":12,"proc.ppid":"x","user.uid":0,"fd.name":"1.2.3.4:1->5.6.7.8:2","fd.cip":"1.2.3.4","fd.sip":"nowhere","fd.sport":70000,)"
      R"("container.image.tag":"v1","k8s.pod.name":"p","evt.rawtime":18446744073709551615,"container.name":"<NA>"},"more":{"a":1}})";

  const std::string line = lines_of(render(made, {alert(event)}).request.body)[1];
  const auto document = nlohmann::json::parse(line);

  CHECK(document["@timestamp"] == "2026-11-21T00:00:00.5Z");
  CHECK(document["event"]["kind"] == "alert");
  CHECK(document["event"]["severity"] == 4);
  CHECK(document["rule"]["name"] == "r");
  CHECK(document["host"]["name"] == "h");
  CHECK(document["process"] == nlohmann::json{{"name", "sh"}, {"pid", 12}});
  CHECK(document["user"] == nlohmann::json{{"id", "0"}});
  CHECK(document["source"] == nlohmann::json{{"ip", "1.2.3.4"}});
  CHECK_FALSE(document.contains("destination"));
  CHECK_FALSE(document.contains("file"));
  CHECK(document["container"] == nlohmann::json{{"image", {{"tag", {"v1"}}}}});
  CHECK(document["orchestrator"]["resource"] == nlohmann::json{{"name", "p"}, {"type", "pod"}});
  CHECK(line.find("\"evt_rawtime\":18446744073709551615") != std::string::npos);
  CHECK(document["falco"]["output_fields"]["fd_sip"] == "nowhere");
  CHECK(document["falco"]["extra"]["more"]["a"] == 1);
}

TEST_CASE("falcosidekick's keys are all known, and its batching sizes ours where there is no batch") {
  const auto made =
      make("elasticsearch",
           "{hostport: 'http://es', type: _doc, numberofshards: 3, numberofreplicas: 3, batching: {enabled: true, "
           "batchsize: 5242880, flushinterval: 2s}, flattenfields: true, createindextemplate: true, "
           "customheaders: {X-A: b}, enablecompression: true, maxconcurrentrequests: 1}");
  REQUIRE(made.output);
  CHECK_FALSE(made.diagnostics.has_errors());
  CHECK(made.http().limits().bytes == 5242880);
  CHECK(made.http().limits().max_wait == std::chrono::seconds{2});
  for (const char* bad : {"{hostport: 'http://es', lifecycle: {delete_after: 30d}}",
                          "{hostport: 'http://es', format: ecs, flattenfields: true}",
                          "{hostport: 'http://es', createindextemplate: true, numberofshards: 0}"})
    CHECK_FALSE(make("elasticsearch", bad).output);
}

TEST_CASE("with strip, an alert goes again without the field that the mapping refuses, and says which") {
  const auto made = make("elasticsearch", "{hostport: 'http://es', mappingconflicts: strip}");
  const auto reject = make("elasticsearch", "hostport: http://es");
  const auto event = alert(
      R"({"output":"o","priority":"Error","rule":"r","time":"2026-11-21T00:00:00Z","output_fields":{"k8s":"x","k8s.ns":"y","pid":"abc","big":1}})");
  const auto stripped = [&](const std::string& reason, const test::Made& by) {
    const nlohmann::json body{
        {"errors", true},
        {"items",
         {{{"create", {{"status", 201}}}},
          {{"create", {{"status", 400}, {"error", {{"type", "mapper_parsing_exception"}, {"reason", reason}}}}}}}}};
    const auto reply = test::reply(200, body.dump());
    const std::vector<core::AlertRef> batch{alert(test::kFixture), event};
    const auto again = by.http().amend(batch, reply, by.http().judge(batch, reply));
    if (again.empty()) return std::string{"none"};
    CHECK(again.size() == 1);
    CHECK(again[0].index == 1);
    CHECK(again[0].alert->id == event->id);
    const auto document = nlohmann::json::parse(lines_of(render(by, {again[0].alert}).request.body)[1]);
    return document["tocsin_stripped_fields"].dump() + document["output_fields"].dump();
  };

  CHECK(stripped("failed to parse field [output_fields.pid] of type [long] in document with id 'x'. Preview of field's "
                 "value: 'abc'",
                 made) == R"(["pid"]{"big":1,"k8s":"x","k8s.ns":"y"})");
  CHECK(stripped("Could not dynamically add mapping for field [k8s.ns]. Existing mapping for [output_fields.k8s] must "
                 "be of type object but found [text].",
                 made) == R"(["k8s"]{"big":1,"k8s.ns":"y","pid":"abc"})");
  CHECK(stripped("mapping set to strict, dynamic introduction of [big] within [output_fields] is not allowed", made) ==
        R"(["big"]{"k8s":"x","k8s.ns":"y","pid":"abc"})");
  CHECK(stripped("Document contains at least one immense term in field=\"output_fields.pid\" (whose UTF8", made) ==
        R"(["pid"]{"big":1,"k8s":"x","k8s.ns":"y"})");
  CHECK(stripped("Limit of total fields [1000] has been exceeded", made) == "none");
  CHECK(stripped("failed to parse field [output_fields.pid] of type [long]", reject) == "none");
}

TEST_CASE("template and policy are looked for, put where they are missing, and left alone where somebody made them") {
  const auto made = make("elasticsearch",
                         "{hostport: 'http://es/base', createindextemplate: true, lifecycle: {delete_after: 30d}, "
                         "username: w, password: s}");
  std::vector<net::HttpReply> replies;
  const auto next = [&] { return made.http().prepare(replies, {}); };
  const auto asked = [&] {
    const auto step = next();
    if (std::holds_alternative<outputs::Ready>(step)) return std::string{"ready"};
    if (const auto* outcome = std::get_if<core::Outcome>(&step)) return test::word(*outcome);
    const auto& request = std::get<net::HttpRequest>(step);
    const net::HttpReply lookup{.status = 0, .headers = request.headers, .body = {}};
    CHECK(lookup.header("Authorization") == "Basic dzpz");
    return request.method + " " + request.url.target;
  };
  const auto body = [&] { return nlohmann::json::parse(std::get<net::HttpRequest>(next()).body); };

  CHECK(asked() == "GET /base/");
  replies.push_back(test::reply(200, R"({"version":{"distribution":"opensearch","number":"2.19.6"}})"));
  CHECK(asked() == "GET /base/_plugins/_ism/policies/falco");
  replies.push_back(test::reply(404));
  CHECK(asked() == "PUT /base/_plugins/_ism/policies/falco");
  CHECK(body()["policy"]["ism_template"][0]["index_patterns"][0] == "falco-*");
  CHECK(body()["policy"]["states"][0]["transitions"][0]["conditions"]["min_index_age"] == "30d");
  replies.push_back(test::reply(409));
  CHECK(asked() == "GET /base/_index_template/falco");
  replies.push_back(test::reply(404));
  CHECK(asked() == "PUT /base/_index_template/falco");
  const auto ours = body();
  CHECK(ours["index_patterns"][0] == "falco-*");
  CHECK(ours["template"]["settings"]["index.number_of_shards"] == 1);
  CHECK_FALSE(ours["template"]["settings"].contains("index.lifecycle.name"));
  replies.push_back(test::reply(200));
  CHECK(asked() == "ready");

  const auto with_template = [&](nlohmann::json there) {
    replies.resize(3);
    replies.push_back(
        test::reply(200, nlohmann::json{{"index_templates", {{{"name", "falco"}, {"index_template", there}}}}}.dump()));
    return asked();
  };
  CHECK(with_template(ours) == "ready");
  CHECK(with_template({{"index_patterns", {"falco-*"}}}) == "ready");
  auto older = ours;
  older["_meta"]["fingerprint"] = "0";
  CHECK(with_template(older) == "PUT /base/_index_template/falco");

  replies = {test::reply(200, R"({"version":{"number":"8.15.0"}})")};
  CHECK(asked() == "GET /base/_ilm/policy/falco");
  replies.push_back(test::reply(404));
  CHECK(body()["policy"]["phases"]["delete"]["min_age"] == "30d");
  replies.push_back(test::reply(200));
  replies.push_back(test::reply(404));
  CHECK(body()["template"]["settings"]["index.lifecycle.name"] == "falco");

  for (const auto& [status, wanted] :
       {std::pair{400, "misconfigured"}, std::pair{401, "misconfigured"}, std::pair{403, "misconfigured"},
        std::pair{429, "throttle"}, std::pair{503, "retry"}}) {
    replies = {test::reply(200, R"({"version":{"number":"8.15.0"}})"), test::reply(status)};
    CHECK(asked() == wanted);
  }
  replies = {test::reply(200, "<html>log in</html>")};
  CHECK(asked() == "misconfigured");
  CHECK(std::holds_alternative<outputs::Ready>(make("elasticsearch", "hostport: http://es").http().prepare({}, {})));
}

TEST_CASE("a data stream's template and policies roll over") {
  const std::string options =
      "{hostport: 'http://es', datastream: logs-falco.alerts-default, createindextemplate: true, format: ecs, "
      "lifecycle: {delete_after: 36h}, product: ";
  const auto put = [&](const std::string& product) {
    const auto made = make("elasticsearch", options + product + "}");
    const auto step = made.http().prepare(std::vector{test::reply(404)}, {});
    const auto last = made.http().prepare(std::vector{test::reply(200), test::reply(404)}, {});
    return std::pair{nlohmann::json::parse(std::get<net::HttpRequest>(step).body),
                     nlohmann::json::parse(std::get<net::HttpRequest>(last).body)};
  };
  const auto [ilm, elastic] = put("elasticsearch");
  const auto [ism, opensearch] = put("opensearch");

  CHECK(ilm["policy"]["phases"]["hot"]["actions"]["rollover"]["max_age"] == "1d");
  CHECK(ilm["policy"]["phases"]["delete"]["min_age"] == "36h");
  CHECK(ism["policy"]["states"][0]["actions"][0]["rollover"]["min_index_age"] == "1d");
  CHECK(elastic["data_stream"].is_object());
  CHECK(elastic["index_patterns"][0] == "logs-falco.alerts-default");
  CHECK(opensearch["template"]["mappings"]["properties"]["source"]["properties"]["ip"]["type"] == "ip");
}

TEST_CASE("each item of a bulk reply is judged by itself") {
  const auto made = make("elasticsearch", "hostport: http://es");
  const std::vector<std::tuple<int, std::string, std::string, std::string>> table{
      {201, "", "", "delivered"},
      {200, "", "", "delivered"},
      {409, "version_conflict_engine_exception", "document already exists", "delivered"},
      {429, "es_rejected_execution_exception", "queue full", "retry"},
      {429, "cluster_block_exception", "index read-only", "retry"},
      {403, "cluster_block_exception", "FORBIDDEN/12/index read-only", "retry"},
      {503, "unavailable_shards_exception", "primary shard is not active", "retry"},
      {500, "whatever", "", "retry"},
      {400, "mapper_parsing_exception", "failed to parse field [pid]", "reject"},
      {400, "document_parsing_exception", "failed to parse", "reject"},
      {400, "strict_dynamic_mapping_exception", "", "reject"},
      {400, "illegal_argument_exception", "Limit of total fields [1000] has been exceeded", "reject"},
      {400, "illegal_argument_exception", "pipeline with id [geo] does not exist", "misconfigured"},
      {400, "index_closed_exception", "closed", "misconfigured"},
      {400, "validation_exception", "this action would add [2] shards", "misconfigured"},
      {403, "security_exception", "no permissions", "misconfigured"},
      {404, "index_not_found_exception", "no such index", "misconfigured"},
  };
  nlohmann::json reply{{"errors", true}, {"items", nlohmann::json::array()}};
  std::vector<core::AlertRef> batch;
  for (const auto& [status, type, reason, wanted] : table) {
    nlohmann::json item{{"status", status}};
    if (!type.empty()) item["error"] = {{"type", type}, {"reason", reason}};
    reply["items"].push_back({{"create", item}});
    batch.push_back(alert(test::kFixture));
  }

  const auto outcomes = made.http().judge(batch, test::reply(200, reply.dump()));

  REQUIRE(outcomes.size() == table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    CAPTURE(i);
    CHECK(test::word(outcomes[i]) == std::get<3>(table[i]));
  }
  CHECK(std::get<core::Reject>(outcomes[8]).why == "item 400 mapper_parsing_exception: failed to parse field [pid]");
}

TEST_CASE("a bulk reply as a whole is judged too, and a page that is none is a Retry") {
  const auto made = make("elasticsearch", "hostport: http://es");
  const std::vector<core::AlertRef> batch{alert(test::kFixture), alert(test::kFixture)};
  const std::vector<std::tuple<int, std::string, std::string>> table{
      {200, R"({"errors":false,"items":[]})", "delivered"},
      {200, R"({"took":3,"errors":false,"items":[]})", "delivered"},
      {200, R"({"errors":true,"items":[{"create":{"status":201}}]})", "retry"},
      {200, R"({"errors":true,"items":[{"create":{"status":"x"}},5]})", "retry"},
      {200, "<html>log in</html>", "retry"},
      {200, "", "retry"},
      {400, "no final newline", "reject"},
      {400, "<html>No required SSL certificate was sent</html>", "misconfigured"},
      {401, "", "misconfigured"},
      {403, "", "misconfigured"},
      {404, "", "misconfigured"},
      {406, "", "misconfigured"},
      {413, "", "reject"},
      {429, "circuit_breaking_exception", "throttle"},
      {200, "{\"errors\":true,\"items\":[" + std::string(1 << 20, ' '),
       "reject"},  // cut: bisected until it can be read
      {503, "", "retry"},
  };

  for (const auto& [status, body, wanted] : table) {
    CAPTURE(status, body);
    const auto outcomes = made.http().judge(batch, test::reply(status, body));
    REQUIRE(outcomes.size() == 2);
    CHECK(test::word(outcomes[0]) == wanted);
    CHECK(test::word(outcomes[1]) == wanted);
  }
}
