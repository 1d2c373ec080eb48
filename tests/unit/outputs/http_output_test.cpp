// What statuses mean where a vendor says nothing else, and how the client's faults become outcomes.
#include "outputs/http_output.h"
#include "core/text.h"
#include "outputs/redaction.h"
#include "tests/support/loop.h"
#include "tests/support/stub_server.h"
#include "tests/unit/outputs/make_output.h"

using namespace std::chrono_literals;
using test::reply;
using test::word;

TEST_CASE("a status means what architecture.md says it means") {
  const std::vector<std::pair<int, std::string>> table{
      {200, "delivered"},     {201, "delivered"},     {202, "delivered"},     {204, "delivered"},
      {301, "misconfigured"}, {302, "misconfigured"}, {307, "misconfigured"}, {308, "misconfigured"},
      {400, "reject"},        {401, "misconfigured"}, {403, "misconfigured"}, {404, "misconfigured"},
      {405, "misconfigured"}, {408, "retry"},         {409, "reject"},        {410, "misconfigured"},
      {413, "reject"},        {415, "reject"},        {422, "reject"},        {425, "retry"},
      {429, "throttle"},      {500, "retry"},         {501, "misconfigured"}, {502, "retry"},
      {503, "retry"},         {504, "retry"},         {100, "retry"},         {600, "retry"},
  };

  for (const auto& [status, wanted] : table) {
    CAPTURE(status);
    CHECK(word(outputs::judge_by_status(reply(status))) == wanted);
  }
}

TEST_CASE("503 with Retry-After is a throttle, and 429 carries the time it names") {
  CHECK(std::get<core::Throttle>(outputs::judge_by_status(reply(503, "", {{"Retry-After", "7"}}))).wait == 7s);
  CHECK(std::get<core::Throttle>(outputs::judge_by_status(reply(429, "", {{"retry-after", "3"}}))).wait == 3s);
  CHECK(std::get<core::Throttle>(outputs::judge_by_status(reply(429))).wait == 0s);
}

TEST_CASE("Retry-After is read in both forms, bounded by an hour, and nonsense is nothing") {
  const auto now = *core::parse_rfc3339("2015-10-21T07:27:00Z");
  const auto wait = [&](const std::string& text) {
    return outputs::retry_after(reply(429, "", {{"Retry-After", text}}), now);
  };

  CHECK(wait("120") == 120s);
  CHECK(wait("Wed, 21 Oct 2015 07:28:00 GMT") == 60s);
  CHECK(wait("Wed, 21 Oct 2015 07:26:00 GMT") == 0s);  // past
  CHECK(wait("Wed, 21 Oct 2016 07:28:00 GMT") == 1h);
  CHECK(wait("31536000") == 1h);
  CHECK(wait("99999999999999999999") == 1h);
  for (const char* text :
       {"", "-5", "soon", "1.5", "Wed, 42 Oct 2015 07:28:00 GMT", "Wed, 21 Foo 2015 07:28:00 GMT",
        "Wed, 21 Oct 2015 07:28:00 PST", "Wed, 21 Oct 2015 25:28:00 GMT", "Wed, 21 Oct 2015 07:75:00 GMT",
        "Wed, 21 Oct 2015 07:28:99 GMT", "Wed, 22 Oct 2015 -7:28:00 GMT", "\xff\xff"})
    CHECK(wait(text) == 0s);
}

TEST_CASE("why quotes the reply, cut and without control characters") {
  const auto outcome = outputs::judge_by_status(reply(400, "bad\x1b[31m\n" + std::string(1000, 'x')));

  const std::string why = std::get<core::Reject>(outcome).why;
  CHECK(why.starts_with("HTTP 400: bad\\u001b[31m\\n"));
  CHECK(why.size() < 300);
}

TEST_CASE("a server that cannot be reached, hangs or breaks off is a Retry that says which") {
  std::string gone;
  {
    test::StubServer server{[](const test::StubRequest&) { return test::StubAnswer{}; }};
    gone = server.url("/token");
  }
  test::StubServer hanging{[](const test::StubRequest&) { return test::StubAnswer{"", test::StubAnswer::Then::Hang}; }};
  test::StubServer cutting{[](const test::StubRequest&) {
    return test::StubAnswer{"HTTP/1.1 200", test::StubAnswer::Then::Close};
  }};

  for (const std::string& url : {gone, hanging.url("/token"), cutting.url("/token")}) {
    auto made = test::make("webhook", "address: " + url + "\ntimeout: {total: 200ms}");
    REQUIRE(made.output);
    const std::vector<core::AlertRef> batch{test::alert(test::kFixture)};

    const auto outcomes = test::run(*made.loop, made.output->send(batch, {}));

    REQUIRE(outcomes.size() == 1);
    REQUIRE(word(outcomes[0]) == "retry");
    CHECK(std::get<core::Retry>(outcomes[0]).why.find("127.0.0.1") != std::string::npos);
    CHECK(std::get<core::Retry>(outcomes[0]).why.find("token") == std::string::npos);
  }
}

namespace {

// Cannot render every second alert; judges by the body of the reply.
class Picky final : public outputs::HttpOutput {
 public:
  explicit Picky(net::Url url) : url_{std::move(url)} {}
  outputs::Limits limits() const override { return {.items = 10}; }
  outputs::Rendered request(core::Batch batch, const outputs::Attempt&) const override {
    outputs::Rendered rendered{.request = {.url = url_}};
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (i % 2 == 1)
        rendered.rejected.emplace_back(i, "odd");
      else
        rendered.request.body += batch[i]->rule + ";";
    }
    return rendered;
  }
  core::Outcomes judge(core::Batch batch, const net::HttpReply&) const override {
    core::Outcomes outcomes;
    for (const auto& alert : batch) outcomes.push_back(core::Retry{alert->rule});
    return outcomes;
  }

 private:
  net::Url url_;
};

}  // namespace

TEST_CASE("an alert that cannot be rendered is rejected in its place, and the others are sent and judged in theirs") {
  test::StubServer server{[](const test::StubRequest&) { return test::StubAnswer{test::http_answer(200, "")}; }};
  boost::asio::io_context loop;
  core::Diagnostics diagnostics;
  core::YamlNode none;
  core::Fields fields{none, "output 'picky'", diagnostics};
  auto output = outputs::wrap_http(std::make_unique<Picky>(*net::Url::parse(server.url())), {},
                                   {.executor = loop.get_executor()}, fields);
  std::vector<core::AlertRef> batch;
  for (const char* rule : {"a", "b", "c", "d", "e"}) {
    auto named = std::make_shared<core::Alert>(*test::alert(test::kFixture));
    named->rule = rule;
    batch.push_back(named);
  }

  const auto outcomes = test::run(loop, output->send(batch, {}));

  REQUIRE(outcomes.size() == 5);
  CHECK(std::get<core::Retry>(outcomes[0]).why == "a");
  CHECK(std::get<core::Reject>(outcomes[1]).why == "odd");
  CHECK(std::get<core::Retry>(outcomes[2]).why == "c");
  CHECK(std::get<core::Reject>(outcomes[3]).why == "odd");
  CHECK(std::get<core::Retry>(outcomes[4]).why == "e");
  CHECK(server.requests().at(0).body == "a;c;e;");
}

TEST_CASE("options that cannot work are refused before anything starts, without showing secrets") {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"webhook", "address: hooks.example.com/hunter2"},
      {"webhook", "address: ''"},
      {"webhook", "{address: http://a, customheaders: {'X A': b}}"},
      {"webhook", "{address: http://a, customheaders: {X-A: \"hunter2\\r\\nX-B: c\"}}"},
      {"webhook", "{address: http://a, customheaders: {Host: b}}"},
      {"webhook", "{address: http://a, batch: {max_items: 0}}"},
      {"webhook", "{address: http://a, timeout: {total: 0s}}"},
      {"webhook", "{address: https://a, mutualtls: true}"},
      {"webhook", "{address: https://a, tls: {ca_file: /no/such/file}}"},
      {"webhook", "{address: http://a, format: xml}"},
      {"slack", "{webhookurl: hunter2}"},
      {"slack", "{webhookurl: http://a, messageformat: '{{rule'}"},
      {"elasticsearch", "{hostport: http://a, index: Falco}"},
      {"elasticsearch", "{hostport: http://a, suffix: hourly}"},
      {"kafka", "{hostport: a:9092}"},
      {"kafka", "{hostport: a:9092, topic: 'a b'}"},
      {"kafka", "{hostport: a:9092, topic: t, key: constant}"},
      {"kafka", "{hostport: a:9092, topic: t, sasl: GSSAPI, username: u, password: hunter2}"},
      {"kafka", "{hostport: a:9092, topic: t, sasl: PLAIN}"},
      {"kafka", "{hostport: a:9092, topic: t, tls: {ca_file: /no/such/file}}"},
      {"file", "{}"},
      {"stdout", "{format: xml}"},
  };

  for (const auto& [kind, yaml] : bad) {
    CAPTURE(kind, yaml);
    const auto made = test::make(kind, yaml);
    CHECK(made.diagnostics.has_errors());
    CHECK_FALSE(made.output);
    for (const auto& diagnostic : made.diagnostics.all())
      CHECK((diagnostic.what + diagnostic.hint).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("what an error page repeats of our request is redacted before it is quoted") {
  net::HttpRequest request;
  request.url = *net::Url::parse("https://user:pass-word@host/services/T0/B0/0123456789abcdef01234567?token=hunter2hunter2&x=1");
  request.headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer abcdefgh"}};
  const outputs::Redaction redaction{request};
  net::HttpReply reply{.status = 404,
                       .headers = {},
                       .body = "Cannot POST /services/T0/B0/0123456789abcdef01234567?token=hunter2hunter2&x=1; "
                               "0123456789abcdef01234567; hunter2hunter2; abcdefgh; pass-word; " +
                               core::base64("user:pass-word") + "; application/json"};

  redaction.apply(reply);

  CHECK(reply.body ==
        "Cannot POST <redacted>; <redacted>; <redacted>; <redacted>; <redacted>; <redacted>; application/json");
}
