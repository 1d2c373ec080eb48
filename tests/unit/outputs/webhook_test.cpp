// Webhook bodies, to the letter.
#include "outputs/standard_webhooks.h"
#include "tests/unit/outputs/make_output.h"

#include <nlohmann/json.hpp>

using test::alert;
using test::make;
using test::render;

TEST_CASE("a raw webhook gets falcosidekick's body with uuid and a final newline, and the id as idempotency key") {
  const auto made = make("webhook", "address: http://hooks.example/falco");

  const auto request = render(made, {alert(test::kReadme)}).request;

  CHECK(request.method == "POST");
  CHECK(request.url.target == "/falco");
  CHECK(
      request.body ==
      R"json({"uuid":"00000000-0000-0000-0000-000000000001","output":"16:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack file=/bin/hack)","priority":"Error","rule":"Write below binary dir","time":"2019-05-17T15:31:56.746609046Z","output_fields":{"evt.time":1507591916746609046,"fd.name":"/bin/hack","proc.cmdline":"touch /bin/hack","user.name":"root"},"source":"syscalls","hostname":"localhost"})json"
      "\n");
  REQUIRE(request.headers.size() == 2);
  CHECK(request.headers[0].value == "application/json; charset=utf-8");
  CHECK(request.headers[1].name == "Idempotency-Key");
  CHECK(request.headers[1].value == "00000000-0000-0000-0000-000000000001");
  CHECK(made.output->limits().items == 1);
}

TEST_CASE("array and ndjson put a batch into one request") {
  const auto array = make("webhook", "{address: http://a/, format: array, batch: {max_items: 7}}");
  const auto lines = make("webhook", "{address: http://a/, format: ndjson, method: put}");
  const std::vector<core::AlertRef> batch{alert(test::kFixture, 1), alert(test::kReadme, 2)};

  const std::string as_array = render(array, batch).request.body;
  const auto as_lines = render(lines, batch).request;

  CHECK(as_array.starts_with("[{\"uuid\":\"00000000-0000-0000-0000-000000000001\""));
  CHECK(as_array.find("},{\"uuid\":\"00000000-0000-0000-0000-000000000002\"") != std::string::npos);
  CHECK(as_array.ends_with("}]\n"));
  CHECK(std::count(as_lines.body.begin(), as_lines.body.end(), '\n') == 2);
  CHECK(as_lines.method == "PUT");
  CHECK(as_lines.headers.at(0).value == "application/x-ndjson");
  CHECK(array.output->limits().items == 7);
}

TEST_CASE("custom headers are added, and win over ours") {
  const auto made =
      make("webhook", "{address: http://a/, customheaders: {Authorization: Bearer x, content-type: text/plain}}");

  const auto headers = render(made, {alert(test::kFixture)}).request.headers;

  const net::HttpReply lookup{.status = 0, .headers = headers, .body = {}};
  CHECK(lookup.header("Authorization") == "Bearer x");
  CHECK(lookup.header("Content-Type") == "text/plain");
}

TEST_CASE("a signature is that of the Standard Webhooks specification's example") {
  const auto key = outputs::read_signing_key(core::Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"});
  REQUIRE(key);

  const std::string by_one =
      outputs::sign({*key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})");
  const std::string by_two =
      outputs::sign({*key, *key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})");

  CHECK(by_one == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  CHECK(by_two == by_one + ' ' + by_one);
}

TEST_CASE("each attempt is signed anew under the same id") {
  const auto made =
      make("webhook", "{address: http://a/, hmac: {secret: 0123456789abcdef, previous: fedcba9876543210}}");
  const std::vector<core::AlertRef> batch{alert(test::kFixture)};

  const auto first = made.http().request(batch, {.number = 1, .now = core::TimePoint{std::chrono::seconds{100}}});
  const auto second = made.http().request(batch, {.number = 2, .now = core::TimePoint{std::chrono::seconds{160}}});

  const net::HttpReply one{.status = 0, .headers = first.request.headers, .body = {}};
  const net::HttpReply two{.status = 0, .headers = second.request.headers, .body = {}};
  CHECK(one.header("webhook-id") == "00000000-0000-0000-0000-000000000001");
  CHECK(one.header("webhook-id") == two.header("webhook-id"));
  CHECK(one.header("webhook-timestamp") == "100");
  CHECK(two.header("webhook-timestamp") == "160");
  CHECK(one.header("webhook-signature") != two.header("webhook-signature"));
  CHECK(std::string{one.header("webhook-signature")}.find(" v1,") != std::string::npos);
}

TEST_CASE("a batch has an id of its own, the same for the same alerts") {
  const auto made = make("webhook", "{address: http://a/, format: array}");
  const auto id = [&](const std::vector<core::AlertRef>& batch) {
    const net::HttpReply lookup{.status = 0, .headers = render(made, batch).request.headers, .body = {}};
    return std::string{lookup.header("Idempotency-Key")};
  };
  const auto one = alert(test::kFixture, 1), two = alert(test::kReadme, 2);

  CHECK(id({one, two}).size() == 32);
  CHECK(id({one, two}) == id({one, two}));
  CHECK(id({one, two}) != id({two, one}));
  CHECK(id({one}) == "00000000-0000-0000-0000-000000000001");
}

TEST_CASE("a key that could be guessed, or is no base64, is refused without being shown") {
  const auto made = make("webhook", "{address: http://a/, hmac: {secret: whsec_abc, previous: tooshort}}");

  CHECK(made.diagnostics.errors() == 2);
  const std::string shown = made.diagnostics.render();
  CHECK(shown.find("not base64") != std::string::npos);
  CHECK(shown.find("shorter than 16 bytes") != std::string::npos);
  CHECK(shown.find("whsec_abc") == std::string::npos);
  CHECK(shown.find("tooshort") == std::string::npos);
}

TEST_CASE("a template's holes are escaped for where they stand") {
  const auto hostile = alert(
      R"({"output":"a \"quote\" & \n newline","priority":"Error","rule":"r&d","time":"2001-01-01T01:10:00Z","output_fields":{"a":"b"}})");

  const auto json = make("webhook", R"y({address: "http://a/", format: template, body: '{"text":"{{output}}"}'})y");
  const auto form =
      make("webhook", R"y({address: "http://a/", format: template, escape: url, body: 'rule={{rule}}'})y");
  const auto text = make("webhook", R"y({address: "http://a/", format: template, escape: none, body: '{{rule}}'})y");

  CHECK(render(json, {hostile}).request.body == R"({"text":"a \"quote\" & \n newline"})");
  CHECK(render(form, {hostile}).request.body == "rule=r%26d");
  CHECK(render(form, {hostile}).request.headers.at(0).value == "application/x-www-form-urlencoded");
  CHECK(render(text, {hostile}).request.body == "r&d");
}

TEST_CASE("a cloud event is structured, batched or binary") {
  const auto structured = make("webhook", "{address: http://a/, format: cloudevents}");
  const auto batched = make("webhook", "{address: http://a/, format: cloudevents-batch}");
  const auto binary = make("webhook", "{address: http://a/, format: cloudevents-binary}");
  const std::vector<core::AlertRef> both{alert(test::kFixture, 1), alert(test::kReadme, 2)};

  const auto one = render(structured, {both[0]}).request;
  const auto two = render(batched, both).request;
  const auto three = render(binary, {both[1]}).request;

  const auto event = nlohmann::json::parse(one.body);
  CHECK(one.headers.at(0).value == "application/cloudevents+json; charset=utf-8");
  CHECK(event.at("specversion") == "1.0");
  CHECK(event.at("id") == "00000000-0000-0000-0000-000000000001");
  CHECK(event.at("source") == "urn:tocsin:host:test-host");
  CHECK(event.at("type") == "falco.rule.output.v1");
  CHECK(event.at("time") == "2001-01-01T01:10:00Z");
  CHECK(event.at("rule") == "Test rule");
  CHECK(event.at("data").at("uuid") == event.at("id"));
  CHECK(two.headers.at(0).value == "application/cloudevents-batch+json; charset=utf-8");
  CHECK(nlohmann::json::parse(two.body).size() == 2);
  const net::HttpReply lookup{.status = 0, .headers = three.headers, .body = {}};
  CHECK(lookup.header("ce-id") == "00000000-0000-0000-0000-000000000002");
  CHECK(lookup.header("ce-rule") == "Write%20below%20binary%20dir");
  CHECK(lookup.header("ce-specversion") == "1.0");
  CHECK(lookup.header("Content-Type") == "application/json; charset=utf-8");
  CHECK(nlohmann::json::parse(three.body).at("rule") == "Write below binary dir");
}

TEST_CASE("no text of an alert leaves its header") {
  const auto made = make("webhook", "{address: http://a/, format: cloudevents-binary}");
  const auto hostile = alert(
      R"({"output":"","priority":"Error","hostname":"h\r\nX-Evil: 1","rule":"r\r\nX-Evil: 1 \u202e \ud83d\ude00","time":"2001-01-01T01:10:00Z","output_fields":{"a":"b"}})");

  for (const auto& header : render(made, {hostile}).request.headers) {
    CHECK(net::is_header_name(header.name));
    CHECK(net::is_header_value(header.value));
  }
}

TEST_CASE("which statuses mean taken can be chosen") {
  const auto usual = make("webhook", "address: http://a/");
  const auto chosen = make("webhook", "{address: http://a/, success: [200, 409]}");
  const std::vector<core::AlertRef> batch{alert(test::kFixture)};
  const auto judged = [&](const test::Made& made, int status) {
    return test::word(made.http().judge(batch, test::reply(status)).at(0));
  };

  CHECK(judged(usual, 202) == "delivered");
  CHECK(judged(chosen, 200) == "delivered");
  CHECK(judged(chosen, 409) == "delivered");
  CHECK(judged(chosen, 202) == "retry");
  CHECK(judged(chosen, 400) == "reject");
  CHECK(judged(chosen, 410) == "misconfigured");
  CHECK(make("webhook", "{address: http://a/, success: [2yy, 99]}").diagnostics.errors() == 2);
}

TEST_CASE("credentials are basic or bearer, and not both") {
  const auto basic = make("webhook", "{address: http://a/, username: u, password: p}");
  const auto bearer = make("webhook", "{address: http://a/, bearer: t0ken}");
  const auto header = [](const test::Made& made) {
    const net::HttpReply lookup{
        .status = 0, .headers = render(made, {alert(test::kFixture)}).request.headers, .body = {}};
    return std::string{lookup.header("Authorization")};
  };

  CHECK(header(basic) == "Basic dTpw");
  CHECK(header(bearer) == "Bearer t0ken");
  CHECK(make("webhook", "{address: http://a/, bearer: t, username: u}").diagnostics.errors() == 1);
}

TEST_CASE("a body without a template format, or the other way round, is a fault") {
  CHECK(make("webhook", "{address: http://a/, body: x}").diagnostics.errors() == 1);
  CHECK(make("webhook", "{address: http://a/, format: template}").diagnostics.errors() == 1);
}
