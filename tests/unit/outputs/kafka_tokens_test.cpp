// OAuth tokens for Kafka: how they are asked for, and what each answer of a token server becomes.
#include "outputs/kafka_tokens.h"

#include "tests/support/loop.h"
#include "tests/unit/outputs/make_output.h"

#include <boost/asio/ip/tcp.hpp>

using namespace std::chrono_literals;

namespace {

const net::Url kUrl = *net::Url::parse("https://login.example/token?x=1");

std::string verdict(const outputs::TokenReply& reply) {
  const auto* const outcome = std::get_if<core::Outcome>(&reply);
  return outcome ? test::word(*outcome) : "token";
}

std::string why(const outputs::TokenReply& reply) {
  const auto& outcome = std::get<core::Outcome>(reply);
  if (const auto* const refused = std::get_if<core::Misconfigured>(&outcome)) return refused->why;
  return std::get<core::Retry>(outcome).why;
}

}  // namespace

TEST_CASE("a token is asked for by the client credentials grant, form-encoded where the form wants it") {
  const auto request = outputs::token_request(
      {.tokenurl = {}, .clientid = "a:b", .scope = "x y", .clientsecret = core::Secret{"p/+ss"}}, kUrl);

  CHECK(request.method == "POST");
  CHECK(request.body == "grant_type=client_credentials&scope=x%20y");
  CHECK(request.url.userinfo.reveal() == "a%3Ab:p%2F%2Bss");
}

TEST_CASE("a token comes with its life, told as a number, as a text or not at all") {
  const std::vector<std::pair<std::string, core::Duration>> table{
      {R"({"access_token":"a.b-c_","expires_in":300})", 300s},
      {R"({"access_token":"a","expires_in":"60"})", 60s},
      {R"({"access_token":"a"})", 5min},
      {R"({"access_token":"a","expires_in":-1})", 5min},
      {R"({"access_token":"a","expires_in":1e300})", 24h},
  };
  for (const auto& [body, lifetime] : table) {
    CAPTURE(body);
    const auto reply = outputs::judge_token(test::reply(200, body), kUrl);
    REQUIRE(verdict(reply) == "token");
    CHECK(std::get<outputs::KafkaToken>(reply).lifetime == lifetime);
  }
}

TEST_CASE("a refused client is for a human, a token server that is unwell is for later, and neither shows a secret") {
  const std::string refusal = R"({"error":"invalid_client","error_description":"hunter2"})";
  const std::vector<std::tuple<int, std::string, std::string>> table{
      {401, refusal, "misconfigured"},
      {400, refusal, "misconfigured"},
      {403, "", "misconfigured"},
      {404, "hunter2", "misconfigured"},
      {302, "", "misconfigured"},
      {200, "hunter2", "misconfigured"},
      {200, R"({"token":"hunter2"})", "misconfigured"},
      {200, R"({"access_token":"hunter2\r\nx"})", "misconfigured"},
      {200, R"({"access_token":7})", "misconfigured"},
      {400, R"({"error":"hunter2 is wrong"})", "misconfigured"},
      {429, "", "retry"},
      {500, "hunter2", "retry"},
      {503, "", "retry"},
  };
  for (const auto& [status, body, wanted] : table) {
    CAPTURE(status, body);
    const auto reply = outputs::judge_token(test::reply(status, body), kUrl);
    CHECK(verdict(reply) == wanted);
    CHECK(why(reply).find("hunter2") == std::string::npos);
    CHECK(why(reply).find("https://login.example") != std::string::npos);
  }
  CHECK(why(outputs::judge_token(test::reply(401, refusal), kUrl)).find("401 (invalid_client)") != std::string::npos);
}

TEST_CASE("OAUTHBEARER needs its token server, and a token server needs OAUTHBEARER") {
  const std::string oauth = "oauth: {tokenurl: 'https://login.example/token', clientid: hub, clientsecret: s}";

  CHECK(test::make("kafka", "{hostport: a, topic: t, sasl: oauthbearer, " + oauth + "}").output);
  CHECK_FALSE(test::make("kafka", "{hostport: a, topic: t, sasl: OAUTHBEARER}").output);
  CHECK_FALSE(test::make("kafka", "{hostport: a, topic: t, " + oauth + "}").output);
}

TEST_CASE("closing the output does not wait for a token server that never answers, and is no fault") {
  auto made = test::make("kafka", "{hostport: a, topic: t}");  // for its loop
  boost::asio::ip::tcp::acceptor silent{*made.loop, {boost::asio::ip::address_v4::loopback(), 0}};
  const auto documents = core::parse_yaml(
      "outputs.yaml",
      "{hostport: '127.0.0.1:1', topic: t, sasl: OAUTHBEARER, timeout: {total: 60s}, oauth: {tokenurl: "
      "'http://127.0.0.1:" +
          std::to_string(silent.local_endpoint().port()) + "/token', clientid: c, clientsecret: s}}",
      made.diagnostics);
  core::Fields fields{documents.at(0), "output 'kafka'", made.diagnostics};
  made.output = outputs::find_kind("kafka")->make(fields, {.executor = made.loop->get_executor()});
  REQUIRE(made.output);
  const std::vector<core::AlertRef> batch{test::alert(test::kReadme)};
  core::Outcomes outcomes;
  boost::asio::co_spawn(*made.loop, made.output->send(batch, {}),
                        [&](std::exception_ptr, core::Outcomes all) { outcomes = std::move(all); });
  bool asked = false;
  boost::asio::ip::tcp::socket peer{*made.loop};
  silent.async_accept(peer, [&](const boost::system::error_code&) { asked = true; });
  while (!asked) made.loop->run_one();
  const auto begin = std::chrono::steady_clock::now();

  bool closed = false;
  boost::asio::co_spawn(*made.loop, made.output->close(), [&](std::exception_ptr) { closed = true; });
  while (outcomes.empty() || !closed) made.loop->run_one();
  made.output.reset();
  made.loop->run();  // to the end: nothing of ours still waits

  CHECK(test::word(outcomes.at(0)) == "retry");
  CHECK(std::chrono::steady_clock::now() - begin < 20s);
}
