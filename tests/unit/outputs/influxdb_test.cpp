// Line protocol: whatever an alert says stays in its place. The decoder here is written from InfluxDB's documentation,
// not from our code.
#include "core/text.h"
#include "outputs/line_protocol.h"
#include "tests/unit/outputs/make_output.h"

#include <map>
#include <random>

using test::alert;
using test::make;
using test::render;

namespace {

struct Point {
  std::string measurement;
  std::map<std::string, std::string> tags, fields;  // fields: as written, strings decoded with a leading "
  std::string time;
};

// A name or tag up to one of `ends` that no backslash precedes; a backslash escapes a comma, an equals sign or a blank,
// else it is itself.
std::string take_name(std::string_view& in, std::string_view ends) {
  std::string out;
  while (!in.empty() && ends.find(in.front()) == std::string_view::npos) {
    if (in.front() == '\\' && in.size() > 1 && std::string_view{",= "}.find(in[1]) != std::string_view::npos)
      in.remove_prefix(1);
    out += in.front();
    in.remove_prefix(1);
  }
  return out;
}

std::string take_value(std::string_view& in) {
  std::string out;
  if (in.front() != '"') {
    while (!in.empty() && in.front() != ',' && in.front() != ' ') {
      out += in.front();
      in.remove_prefix(1);
    }
    return out;
  }
  out += '"';
  for (in.remove_prefix(1); !in.empty() && in.front() != '"'; in.remove_prefix(1)) {
    if (in.front() == '\\' && in.size() > 1 && (in[1] == '"' || in[1] == '\\')) in.remove_prefix(1);
    out += in.front();
  }
  REQUIRE_FALSE(in.empty());
  in.remove_prefix(1);
  return out;
}

Point decode(std::string_view line) {
  REQUIRE(line.ends_with('\n'));
  line.remove_suffix(1);
  REQUIRE(line.find('\n') == std::string_view::npos);
  Point point;
  point.measurement = take_name(line, ", ");
  while (line.starts_with(',')) {
    line.remove_prefix(1);
    const std::string name = take_name(line, "=");
    line.remove_prefix(1);
    const std::string value = take_name(line, ", ");
    CHECK_FALSE(value.empty());
    CHECK(point.tags.emplace(name, value).second);
  }
  do {
    REQUIRE((line.starts_with(' ') || line.starts_with(',')));
    line.remove_prefix(1);
    const std::string name = take_name(line, "=");
    REQUIRE(line.starts_with('='));
    line.remove_prefix(1);
    CHECK(point.fields.emplace(name, take_value(line)).second);
  } while (line.starts_with(','));
  REQUIRE(line.starts_with(' '));
  point.time = line.substr(1);
  CHECK(point.time.find_first_not_of("-0123456789") == std::string::npos);
  return point;
}

std::string to_line(const core::Alert& alert) {
  outputs::PointMemory memory;
  return outputs::to_line(alert, {}, memory);
}

std::string as_written(std::string text) {
  return core::replace_all(core::replace_all(std::move(text), "\n", "\\n"), "\r", "\\r");
}

}  // namespace

TEST_CASE("the README's event becomes a point of few series, with types and its own time") {
  const std::string line = to_line(*alert(test::kReadme));

  CHECK(line ==
        "events,rule=Write\\ below\\ binary\\ dir,priority=Error,source=syscalls,hostname=localhost "
        "value=\"16:31:56.746609046: Error File below a known binary directory opened for writing (user=root "
        "command=touch /bin/hack "
        "file=/bin/hack)\",id=\"00000000-0000-0000-0000-000000000001\",event_time=\"2019-05-17T15:"
        "31:56.746609046Z\",evt.time=1507591916746609046i,fd.name=\"/bin/"
        "hack\",proc.cmdline=\"touch /bin/hack\",user.name=\"root\" 1558107116746609046\n");
}

TEST_CASE("every JSON type has its form, and names that the point uses itself are not taken") {
  const auto point = decode(to_line(*alert(
      R"({"output":"","priority":"Error","rule":"r","time":"2019-05-17T15:31:56.000000000Z","output_fields":{"a":1.5,"b":true,"c":null,"d":{"x":[1]},"e":18446744073709551615,"f":-3,"id":"mine","rule":"other","g":""}})")));

  CHECK(point.fields.at("a") == "1.5");
  CHECK(point.fields.at("b") == "true");
  CHECK_FALSE(point.fields.contains("c"));
  CHECK(point.fields.at("d") == "\"{\"x\":[1]}");
  CHECK(point.fields.at("e_string") == "\"18446744073709551615");
  CHECK(point.fields.at("f") == "-3i");
  CHECK(point.fields.at("g") == "\"");
  CHECK(point.fields.at("id_") == "\"mine");
  CHECK(point.fields.at("rule_") == "\"other");
  CHECK_FALSE(point.tags.contains("hostname"));
  CHECK(point.time == "1558107116000000000");
}

TEST_CASE("what is decoded is what was encoded, whatever bytes an alert brings") {
  std::mt19937 random{20261121};
  const std::string alphabet = "a\\\\\\,,== \"\"\n\r\tn=i #'0";
  const auto text = [&] {
    std::string out;
    for (auto left = random() % 12; left > 0; --left) out += alphabet[random() % alphabet.size()];
    return out;
  };
  for (int i = 0; i < 3000; ++i) {
    core::Alert hostile = *alert(test::kFixture);
    hostile.rule = "r" + text() + "x";  // a backslash at the end is cut: see the header
    hostile.hostname = text() + "h";
    hostile.output = text();
    hostile.fields = {{.name = "f" + text() + "x", .kind = core::AlertField::Kind::Text, .json = {}, .text = text()}};

    const Point point = decode(to_line(hostile));

    CHECK(point.measurement == "events");
    CHECK(point.tags.at("rule") == as_written(hostile.rule));
    CHECK(point.tags.at("hostname") == as_written(hostile.hostname));
    CHECK(point.fields.at("value") == "\"" + as_written(hostile.output));
    CHECK(point.fields.at(as_written(hostile.fields[0].name)) == "\"" + as_written(hostile.fields[0].text));
    CHECK(point.fields.size() == 5);  // value, id, event_time, tags and ours: nothing was forged
  }
}

TEST_CASE("two alerts of one second do not overwrite each other, and a retry overwrites itself") {
  auto first = std::make_shared<core::Alert>(*alert(test::kFixture)),
       second = std::make_shared<core::Alert>(*alert(test::kFixture));
  first->id = core::make_alert_id();
  second->id = core::make_alert_id();
  const auto time = [](const core::Alert& one) { return std::stoll(decode(to_line(one)).time); };
  const std::int64_t second_of_event = 978311400LL * 1'000'000'000;

  CHECK(time(*first) != time(*second));
  CHECK(time(*first) == time(*first));
  CHECK(time(*first) >= second_of_event);
  CHECK(time(*first) < second_of_event + 1'000'000'000);
}

TEST_CASE("two alerts of one nanosecond are two points, in one batch or in two, and each keeps its place") {
  const auto made = make("influxdb", "hostport: http://i:8086");
  const std::string event =
      R"({"output":"o","priority":"Error","rule":"r","time":"2019-05-17T15:31:56.746609046Z","output_fields":{"a":1}})";
  const auto first = alert(event, 1), second = alert(event, 2), third = alert(event, 3);
  const auto times = [&](const std::vector<core::AlertRef>& batch) {
    std::vector<std::int64_t> found;
    const std::string body = render(made, batch).request.body;
    for (std::size_t at = 0; at < body.size(); at = body.find('\n', at) + 1)
      found.push_back(std::stoll(decode(body.substr(at, body.find('\n', at) + 1 - at)).time));
    return found;
  };

  const auto batch = times({first, second});
  const auto alone = times({third});

  CHECK(batch[0] == 1558107116746609046);
  CHECK(batch[1] > batch[0]);
  CHECK(batch[1] <= batch[0] + 100'000);
  CHECK(alone[0] != batch[0]);
  CHECK(alone[0] != batch[1]);
  CHECK(times({second, third, first}) == std::vector<std::int64_t>{batch[1], alone[0], batch[0]});
}

TEST_CASE(
    "the memory of points is bounded: the oldest places are free again, and never more conflicts than a thousand") {
  outputs::PointMemory memory;
  core::AlertId one, other;
  other.bytes[15] = 1;

  CHECK(memory.place("s", 5, one, 100) == 5);
  CHECK(memory.place("t", 5, other, 100) == 5);
  CHECK(memory.place("s", 5, other, 100) > 5);
  CHECK(memory.place("s", 5, other, 1) == memory.place("s", 5, other, 1));
  for (std::int64_t i = 0; i < 20'000; ++i) (void)memory.place("u", i, one, 100);
  CHECK(memory.place("s", 5, other, 100) == 5);
  for (int i = 0; i < 2'000; ++i) (void)memory.learn_conflict("f" + std::to_string(i), "string");
  CHECK(memory.name_for("f999", "string") == "f999_string");
  CHECK(memory.name_for("f1000", "string") == "f1000");
}

TEST_CASE("tags are what the configuration says, everything else is a field, and no name is both") {
  const auto made = make(
      "influxdb", "{hostport: 'http://i', measurement: 'my, events', tags: [rule, k8s.ns.name, 'a b'], precision: ms}");
  const auto point = decode(
      render(
          made,
          {alert(
              R"({"output":"o","priority":"Error","rule":"r","hostname":"h","time":"2019-05-17T15:31:56.746Z",)"
              R"("output_fields":{"k8s.ns.name":"prod","a b":"x=1","a b_":"y","hostname":"forged","time":1,"_field":2}})")})
          .request.body);

  CHECK(point.measurement == "my, events");
  CHECK(point.tags == std::map<std::string, std::string>{{"rule", "r"}, {"k8s.ns.name", "prod"}, {"a b", "x=1"}});
  CHECK(point.fields.at("hostname") == "\"h");
  CHECK(point.fields.at("hostname_") == "\"forged");
  CHECK(point.fields.at("priority") == "\"Error");
  CHECK(point.fields.at("a b_") == "\"y");
  CHECK(point.fields.at("time_") == "1i");
  CHECK(point.fields.at("_field_") == "2i");
  CHECK(point.time == "1558107116746");
}

TEST_CASE("names that would read alike after their line breaks are replaced stay two fields") {
  core::Alert alike = *alert(test::kFixture);
  alike.fields.clear();
  for (const char* name : {"a\n", "a\\n", "b", "b\\", "\\"})
    alike.fields.push_back({.name = name, .kind = core::AlertField::Kind::Text, .json = {}, .text = name});

  const auto point = decode(to_line(alike));

  CHECK(point.fields.at("a\\n") == "\"a\\n");
  CHECK(point.fields.at("a\\n_") == "\"a\\n");
  CHECK(point.fields.at("b") == "\"b");
  CHECK(point.fields.at("b_") == "\"b\\");
}

TEST_CASE("a field that the server holds with another type is written under a name with its type, once that was said") {
  const auto made = make("influxdb", "hostport: http://i");
  const std::vector<core::AlertRef> batch{alert(
      R"({"output":"o","priority":"Error","rule":"r","time":"2019-05-17T15:31:56.7Z","output_fields":{"n":1.5,"m":1}})")};
  const std::vector<std::pair<int, std::string>> answers{
      {400,
       R"({"error":"partial write: field type conflict: input field \"n\" on measurement \"events\" is type float, already exists as type integer dropped=1"})"},
      {422,
       R"({"code":"unprocessable entity","message":"failure writing points to database: partial write: field type conflict: input field \"m\" on measurement \"events\" is type integer, already exists as type string dropped=1"})"},
      {400,
       R"({"error":"partial write of line protocol occurred","data":[{"original_line":"x","line_number":1,"error_message":"invalid column type for column 'm_integer', expected iox::column_type::field::float, got iox::column_type::field::integer"}]})"},
  };
  for (const auto& [status, body] : answers) {
    const auto reply = test::reply(status, body);
    CHECK(made.http().amend(batch, reply, made.http().judge(batch, reply)).size() == 1);
    CHECK(made.http().amend(batch, reply, made.http().judge(batch, reply)).empty());  // no news: no second time
  }

  const auto point = decode(render(made, batch).request.body);

  CHECK(point.fields.at("n_float") == "1.5");
  CHECK(point.fields.at("m_integer_integer") == "1i");
  CHECK_FALSE(point.fields.contains("n"));

  const auto strict = make("influxdb", "{hostport: 'http://i', typeconflicts: reject}");
  const auto reply = test::reply(400, answers[0].second);
  CHECK(strict.http().amend(batch, reply, strict.http().judge(batch, reply)).empty());
}

TEST_CASE("version 1 is written with basic authentication, version 2 with a token") {
  const auto v1 = render(make("influxdb", "{hostport: 'http://i:8086', database: my db, user: w, password: s}"),
                         {alert(test::kFixture)})
                      .request;
  const auto v2 = render(make("influxdb", "{hostport: 'http://i:8086/', organization: sec, bucket: falco, token: tok}"),
                         {alert(test::kFixture)})
                      .request;
  const auto header = [](const net::HttpRequest& request) {
    return net::HttpReply{.status = 0, .headers = request.headers, .body = {}};
  };

  const auto v3 =
      render(make("influxdb", "{hostport: 'http://i', version: 3, bucket: falco, token: tok, precision: us}"),
             {alert(test::kFixture)})
          .request;
  const auto policy = render(make("influxdb", "{hostport: 'http://i', retentionpolicy: two weeks, precision: us}"),
                             {alert(test::kFixture)})
                          .request;
  // As falcosidekick chooses: without an organization it is version 1's interface, which version 2 has too.
  const auto compatible =
      render(make("influxdb", "{hostport: 'http://i', token: tok}"), {alert(test::kFixture)}).request;
  CHECK(compatible.url.target == "/write?db=falco&precision=ns");
  CHECK(header(compatible).header("Authorization") == "Token tok");
  CHECK(v3.url.target == "/api/v2/write?bucket=falco&precision=us");
  CHECK(header(v3).header("Authorization") == "Bearer tok");
  CHECK(policy.url.target == "/write?db=falco&rp=two%20weeks&precision=u");
  CHECK(v1.url.target == "/write?db=my%20db&precision=ns");
  CHECK(header(v1).header("Authorization") == "Basic dzpz");
  CHECK(v2.url.target == "/api/v2/write?bucket=falco&org=sec&precision=ns");
  CHECK(header(v2).header("Authorization") == "Token tok");
}

TEST_CASE("InfluxDB's answers are judged as its documentation says") {
  const auto made = make("influxdb", "hostport: http://i:8086");
  const std::vector<core::AlertRef> batch{alert(test::kFixture)};
  const std::vector<std::tuple<int, std::string, std::string>> table{
      {204, "", "delivered"},
      {200, "", "delivered"},
      {200, "<html>log in</html>", "retry"},
      {500, R"({"error":"retention policy not found: nope"})", "misconfigured"},
      {400, R"({"error":"partial write: field type conflict dropped=1"})",
       "reject"},  // good lines are stored; writing them again changes nothing
      {400, "<html>No required SSL certificate was sent</html>", "misconfigured"},
      {401, "", "misconfigured"},
      {403, "", "misconfigured"},
      {404, R"({"error":"database not found"})", "misconfigured"},
      {413, "", "reject"},
      {422, "", "reject"},
      {500, "", "retry"},
      {503, "", "retry"},
      {429, "", "throttle"},
  };

  for (const auto& [status, body, wanted] : table) {
    CAPTURE(status);
    CHECK(test::word(made.http().judge(batch, test::reply(status, body)).at(0)) == wanted);
  }
}
