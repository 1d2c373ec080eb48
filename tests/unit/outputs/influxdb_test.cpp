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

std::string as_written(std::string text) {
  return core::replace_all(core::replace_all(std::move(text), "\n", "\\n"), "\r", "\\r");
}

}  // namespace

TEST_CASE("the README's event becomes a point of few series, with types and its own time") {
  const std::string line = outputs::to_line(*alert(test::kReadme));

  CHECK(line ==
        "events,rule=Write\\ below\\ binary\\ dir,priority=Error,source=syscalls,hostname=localhost "
        "value=\"16:31:56.746609046: Error File below a known binary directory opened for writing (user=root "
        "command=touch /bin/hack file=/bin/hack)\",output=\"16:31:56.746609046: Error File below a known binary "
        "directory opened for writing (user=root command=touch /bin/hack "
        "file=/bin/hack)\",id=\"00000000-0000-0000-0000-000000000001\",evt.time=1507591916746609046i,fd.name=\"/bin/"
        "hack\",proc.cmdline=\"touch /bin/hack\",user.name=\"root\" 1558107116746609046\n");
}

TEST_CASE("every JSON type has its form, and names that the point uses itself are not taken") {
  const auto point = decode(outputs::to_line(*alert(
      R"({"output":"","priority":"Error","rule":"r","time":"2019-05-17T15:31:56.000000000Z","output_fields":{"a":1.5,"b":true,"c":null,"d":{"x":[1]},"e":18446744073709551615,"f":-3,"id":"mine","rule":"other","g":""}})")));

  CHECK(point.fields.at("a") == "1.5");
  CHECK(point.fields.at("b") == "true");
  CHECK_FALSE(point.fields.contains("c"));
  CHECK(point.fields.at("d") == "\"{\"x\":[1]}");
  CHECK(point.fields.at("e") == "18446744073709551615");
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

    const Point point = decode(outputs::to_line(hostile));

    CHECK(point.measurement == "events");
    CHECK(point.tags.at("rule") == as_written(hostile.rule));
    CHECK(point.tags.at("hostname") == as_written(hostile.hostname));
    CHECK(point.fields.at("output") == "\"" + as_written(hostile.output));
    CHECK(point.fields.at(as_written(hostile.fields[0].name)) == "\"" + as_written(hostile.fields[0].text));
    CHECK(point.fields.size() == 5);  // value, output, id, tags and ours: nothing was forged
  }
}

TEST_CASE("two alerts of one second do not overwrite each other, and a retry overwrites itself") {
  auto first = std::make_shared<core::Alert>(*alert(test::kFixture)),
       second = std::make_shared<core::Alert>(*alert(test::kFixture));
  first->id = core::make_alert_id();
  second->id = core::make_alert_id();
  const auto time = [](const core::Alert& one) { return std::stoll(decode(outputs::to_line(one)).time); };
  const std::int64_t second_of_event = 978311400LL * 1'000'000'000;

  CHECK(time(*first) != time(*second));
  CHECK(time(*first) == time(*first));
  CHECK(time(*first) >= second_of_event);
  CHECK(time(*first) < second_of_event + 1'000'000'000);
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
      {400, R"({"error":"partial write: field type conflict dropped=1"})",
       "reject"},  // good lines are stored; writing them again changes nothing
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
