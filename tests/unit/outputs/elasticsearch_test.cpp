// Bulk bodies and the judging of their items, row by row.
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

  CHECK(request.url.target == "/_bulk?filter_path=errors,items.*.status,items.*.error&pipeline=geo%20ip");
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
      {401, "", "misconfigured"},
      {403, "", "misconfigured"},
      {404, "", "misconfigured"},
      {406, "", "misconfigured"},
      {413, "", "reject"},
      {429, "circuit_breaking_exception", "throttle"},
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
