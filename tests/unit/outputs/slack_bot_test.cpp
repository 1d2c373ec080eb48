// Slack through a bot's token: chat.postMessage, channels by template, threads, Block Kit, and what the API's words
// mean.
#include "outputs/slack_words.h"
#include "tests/unit/outputs/make_output.h"

#include <nlohmann/json.hpp>

using nlohmann::json;
using test::alert;
using test::make;
using test::render;

namespace {

const std::string kBot = "token: xoxb-1, channel: C0SOC";

json body(const test::Made& made, const core::AlertRef& one) {
  return json::parse(render(made, {one}).request.body);
}

std::string said(const std::string& word) {
  return R"({"ok":false,"error":")" + word + R"("})";
}

// An alert with so many fields, each with a value of so many bytes.
core::AlertRef wide(std::size_t fields, std::size_t bytes) {
  json event{{"output", std::string(bytes, 'o')},
             {"priority", "Error"},
             {"rule", std::string(400, 'r')},
             {"time", "2001-01-01T01:10:00Z"}};
  for (std::size_t i = 0; i < fields; ++i)
    event["output_fields"]["field" + std::to_string(i)] = std::string(bytes, '<');
  return alert(event.dump());
}

}  // namespace

TEST_CASE("a bot posts to chat.postMessage with its token, and without the sender that it may not choose") {
  const auto made = make("slack", "{" + kBot + "}");

  const auto request = render(made, {alert(test::kReadme)}).request;

  const net::HttpReply lookup{.status = 0, .headers = request.headers, .body = {}};
  const auto message = json::parse(request.body);
  CHECK(request.url.to_text() == "https://slack.com/api/chat.postMessage");
  CHECK(lookup.header("Authorization") == "Bearer xoxb-1");
  CHECK(message["channel"] == "C0SOC");
  CHECK_FALSE(message.contains("username"));
  CHECK(message["unfurl_links"] == false);
  CHECK(body(make("slack", "{" + kBot + ", username: Tocsin}"), alert(test::kReadme))["username"] == "Tocsin");
}

TEST_CASE("a webhook or a token is needed, a token needs a channel, and threads need a token") {
  CHECK(make("slack", "{}").diagnostics.errors() == 1);
  CHECK(make("slack", "{webhookurl: 'http://a/', token: x, channel: C1}").diagnostics.errors() == 1);
  CHECK(make("slack", "{token: x}").diagnostics.errors() == 1);
  CHECK(make("slack", "{webhookurl: 'http://a/', thread_by: [rule]}").diagnostics.errors() == 1);
  CHECK(make("slack", "{token: x, channel: '{{k8s.ns.name}}'}").diagnostics.errors() == 1);
}

TEST_CASE("a channel that an alert chooses keeps to Slack's alphabet, and is what outcomes are about") {
  const auto made = make("slack", "{token: x, channel: '#alerts-{{k8s.ns.name}}'}");
  const auto hostile = alert(
      R"({"output":"","priority":"Error","rule":"r","time":"2001-01-01T01:10:00Z","output_fields":{"k8s.ns.name":"Shop/../<!here> ü"}})");

  CHECK(body(made, hostile)["channel"] == "#alerts-shop------here----");
  CHECK(made.output->destination(*hostile) == "#alerts-shop------here----");
  CHECK(make("slack", "{" + kBot + "}").output->destination(*hostile).empty());
}

TEST_CASE("alerts alike in what thread_by names go into one thread, others begin their own") {
  const auto made = make("slack", "{" + kBot + ", thread_by: [rule, hostname]}");
  const std::vector<core::AlertRef> first{alert(test::kReadme, 1)}, second{alert(test::kReadme, 2)};

  CHECK_FALSE(body(made, first[0]).contains("thread_ts"));
  made.http().judge(first, test::reply(200, R"({"ok":true,"ts":"1405895017.000506","channel":"C0SOC"})"));

  CHECK(body(made, second[0])["thread_ts"] == "1405895017.000506");
  CHECK_FALSE(body(made, alert(test::kFixture))["thread_ts"].is_string());
  CHECK(made.output->limits().concurrency == 1);
}

TEST_CASE("a thread ends after thread_for, and when Slack no longer has it") {
  const auto made = make("slack", "{" + kBot + ", thread_by: [rule], thread_for: 1h}");
  const std::vector<core::AlertRef> batch{alert(test::kReadme)};
  const auto posted = test::reply(200, R"({"ok":true,"ts":"1.5"})");
  const auto gone = test::reply(200, said("thread_not_found"));

  made.http().judge(batch, posted);
  const auto later = made.http().request(batch, {.number = 1, .now = core::now() + std::chrono::hours{2}});
  CHECK_FALSE(json::parse(later.request.body).contains("thread_ts"));

  made.http().judge(batch, posted);
  CHECK(made.http().amend(batch, gone, made.http().judge(batch, gone)).size() == 1);
  CHECK_FALSE(body(made, batch[0]).contains("thread_ts"));
  CHECK(made.http().amend(batch, gone, made.http().judge(batch, gone)).empty());  // no thread was asked for: final
}

TEST_CASE("a message that Slack refuses for its form goes once more as plain text, and then no more") {
  const auto made = make("slack", "{" + kBot + ", layout: blocks}");
  const std::vector<core::AlertRef> batch{alert(test::kReadme)};
  const auto refused = test::reply(200, said("msg_blocks_too_long"));

  const auto again = made.http().amend(batch, refused, made.http().judge(batch, refused));

  REQUIRE(again.size() == 1);
  const auto plain = body(made, again[0].alert);
  CHECK_FALSE(plain.contains("attachments"));
  CHECK(plain["text"].get<std::string>().starts_with("Error Write below binary dir: 16:31:56"));
  CHECK(made.http().amend(batch, refused, made.http().judge(batch, refused)).empty());
  CHECK(body(made, batch[0]).contains("attachments"));
}

TEST_CASE("blocks keep every limit of Block Kit, whatever an alert brings") {
  const auto made = make("slack", "{" + kBot + ", layout: blocks}");

  for (const auto& one : {wide(1, 10), wide(60, 100), wide(200, 5'000), wide(1, 60'000)}) {
    const auto message = body(made, one);
    const auto& attachment = message["attachments"][0];
    const auto& blocks = attachment["blocks"];
    CHECK(message["text"].get<std::string>().size() <= 40'000);
    CHECK(blocks.size() <= 50);
    CHECK(blocks.dump().size() <= 13'000);
    CHECK(blocks.front()["type"] == "header");
    CHECK(blocks.back()["type"] == "context");
    for (const auto& block : blocks) {
      if (block["type"] == "header") CHECK(block["text"]["text"].get<std::string>().size() <= 150);
      if (block.contains("text")) CHECK(block["text"]["text"].get<std::string>().size() <= 3'000);
      if (block.contains("fields")) CHECK(block["fields"].size() <= 10);
      for (const auto& field : block.value("fields", json::array()))
        CHECK(field["text"].get<std::string>().size() <= 2'000);
    }
  }
}

TEST_CASE("the API's words are judged by what they mean") {
  const auto made = make("slack", "{" + kBot + "}");
  const std::vector<core::AlertRef> batch{alert(test::kFixture)};
  const std::vector<std::pair<std::string, std::string>> table{
      {"ratelimited", "throttle"},
      {"rate_limited", "throttle"},
      {"message_limit_exceeded", "throttle"},
      {"channel_not_found", "misconfigured"},
      {"not_in_channel", "misconfigured"},
      {"is_archived", "misconfigured"},
      {"invalid_auth", "misconfigured"},
      {"token_revoked", "misconfigured"},
      {"token_expired", "misconfigured"},
      {"account_inactive", "misconfigured"},
      {"missing_scope", "misconfigured"},
      {"no_permission", "misconfigured"},
      {"restricted_action", "misconfigured"},
      {"msg_too_long", "reject"},
      {"msg_blocks_too_long", "reject"},
      {"invalid_blocks", "reject"},
      {"no_text", "reject"},
      {"too_many_attachments", "reject"},
      {"thread_not_found", "reject"},
      {"internal_error", "retry"},
      {"fatal_error", "retry"},
      {"service_unavailable", "retry"},
      {"a_word_of_tomorrow", "retry"},
  };

  for (const auto& [word, wanted] : table) {
    CAPTURE(word);
    CHECK(test::word(made.http().judge(batch, test::reply(200, said(word))).at(0)) == wanted);
  }
  CHECK(test::word(made.http().judge(batch, test::reply(200, R"({"ok":true,"ts":"1.2"})")).at(0)) == "delivered");
  CHECK(test::word(made.http().judge(batch, test::reply(200, "<html>login</html>")).at(0)) == "retry");
  CHECK(test::word(made.http().judge(batch, test::reply(200, R"({"ok":"yes"})")).at(0)) == "retry");
  CHECK(test::word(made.http().judge(batch, test::reply(429, "", {{"Retry-After", "7"}})).at(0)) == "throttle");
  CHECK(test::word(made.http().judge(batch, test::reply(503)).at(0)) == "retry");
}

TEST_CASE("a hostile word of a server is shown, not obeyed") {
  const auto posted = outputs::judge_slack_api(test::reply(200, R"({"ok":false,"error":"\u001b[31m\u202e"})"));

  CHECK(posted.word.find('\x1b') == std::string::npos);
  CHECK(posted.word.find("\xe2\x80\xae") == std::string::npos);
}
