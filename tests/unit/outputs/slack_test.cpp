// Slack bodies against falcosidekick's, and what Slack's words mean.
#include "tests/unit/outputs/make_output.h"

#include <nlohmann/json.hpp>

using test::alert;
using test::make;
using test::render;

TEST_CASE("the README's event looks in Slack as falcosidekick shows it, with its numbers too") {
  const auto made = make("slack", "webhookurl: https://hooks.slack.com/services/T/B/X");

  const auto request = render(made, {alert(test::kReadme)}).request;

  CHECK(
      request.body ==
      R"json({"username":"Falcosidekick","icon_url":"https://raw.githubusercontent.com/falcosecurity/falcosidekick/master/imgs/falcosidekick_color.png","attachments":[{"fallback":"16:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack file=/bin/hack)","color":"#e20b0b","text":"16:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack file=/bin/hack)","fields":[{"title":"rule","value":"Write below binary dir","short":true},{"title":"priority","value":"Error","short":true},{"title":"source","value":"syscalls","short":true},{"title":"hostname","value":"localhost","short":true},{"title":"evt.time","value":"1507591916746609046","short":true},{"title":"fd.name","value":"/bin/hack","short":true},{"title":"proc.cmdline","value":"touch /bin/hack","short":true},{"title":"user.name","value":"root","short":true},{"title":"time","value":"2019-05-17 15:31:56.746609046 +0000 UTC","short":false}],"footer":"https://github.com/falcosecurity/falcosidekick"}]})json"
      "\n");
  CHECK(request.url.target == "/services/T/B/X");
}

TEST_CASE("falcosidekick's fixture keeps its colour, its tags sorted and its template text on top") {
  const auto made = make(
      "slack", "{webhookurl: 'http://a/', messageformat: 'Rule: {{rule}} Priority: {{priority}}', channel: '#soc'}");

  const auto body = nlohmann::json::parse(render(made, {alert(test::kFixture)}).request.body);

  CHECK(body["text"] == "Rule: Test rule Priority: Debug");
  CHECK(body["channel"] == "#soc");
  CHECK(body["attachments"][0]["color"] == "#ccfff2");
  CHECK(body["attachments"][0]["fields"][4]["title"] == "tags");
  CHECK(body["attachments"][0]["fields"][4]["value"] == "example, test");
}

TEST_CASE("outputformat text leaves the fields out, and fields the text") {
  const auto text = nlohmann::json::parse(
      render(make("slack", "{webhookurl: 'http://a/', outputformat: text}"), {alert(test::kFixture)})
          .request.body)["attachments"][0];
  const auto fields = nlohmann::json::parse(
      render(make("slack", "{webhookurl: 'http://a/', outputformat: fields}"), {alert(test::kFixture)})
          .request.body)["attachments"][0];

  CHECK(text["fields"].is_null());
  CHECK_FALSE(text.contains("footer"));
  CHECK(text["text"] == "This is a test from falcosidekick");
  CHECK_FALSE(fields.contains("text"));
  CHECK(fields["fields"].size() == 8);
}

TEST_CASE("an alert cannot ring everybody's phone, forge a link, or break out of its field") {
  const auto made = make("slack", "{webhookurl: 'http://a/', messageformat: '{{output}}'}");
  const std::string hostile =
      R"({"output":"<!channel> & <http://evil|ok> \"} ]","priority":"Error","rule":"<!here>","time":"2001-01-01T01:10:00Z","output_fields":{"a<b":"<@U1>\u0000\u202e\""}})";

  const auto body = nlohmann::json::parse(render(made, {alert(hostile)}).request.body);

  const auto attachment = body["attachments"][0];
  CHECK(body["text"] == "&lt;!channel&gt; &amp; &lt;http://evil|ok&gt; \"} ]");
  CHECK(attachment["text"] == body["text"]);
  CHECK(attachment["fields"][0]["value"] == "&lt;!here&gt;");
  CHECK(attachment["fields"][3]["title"] == "a&lt;b");
  for (const auto& field : attachment["fields"])
    CHECK(field["value"].get<std::string>().find('<') == std::string::npos);
}

TEST_CASE("texts and fields are cut to Slack's limits between characters, not inside them") {
  std::string euros, ampersands;
  for (int i = 0; i < 30'000; ++i) euros += "€";
  for (int i = 0; i < 3'000; ++i) ampersands += "&";
  const std::string big = R"({"output":")" + euros +
                          R"(","priority":"Error","rule":"r","time":"2001-01-01T01:10:00Z","output_fields":{"a":")" +
                          ampersands + R"("}})";

  const auto body = nlohmann::json::parse(
      render(make("slack", "webhookurl: http://a/"), {alert(big)}).request.body);  // throws on torn UTF-8

  const auto text = body["attachments"][0]["text"].get<std::string>();
  const auto value = body["attachments"][0]["fields"][3]["value"].get<std::string>();
  CHECK(text.size() <= 40'000);
  CHECK(text.size() > 39'900);
  CHECK(text.ends_with("[...]"));
  CHECK(value.size() <= 2'000);
  CHECK(value.ends_with("&amp;[...]"));
}

TEST_CASE("Slack's words are judged by what they mean") {
  const auto made = make("slack", "webhookurl: http://a/");
  const std::vector<core::AlertRef> batch{alert(test::kFixture)};
  const std::vector<std::tuple<int, std::string, std::string>> table{
      {200, "ok", "delivered"},
      {400, "invalid_payload", "reject"},
      {400, "user_not_found", "reject"},
      {400, "something_new", "reject"},
      {403, "action_prohibited", "misconfigured"},
      {403, "invalid_token", "misconfigured"},
      {404, "channel_not_found", "misconfigured"},
      {404, "no_service", "misconfigured"},
      {410, "channel_is_archived", "misconfigured"},
      {400, "channel_not_found", "misconfigured"},
      {500, "rollup_error", "retry"},
      {400, "rollup_error", "retry"},
      {502, "<html>", "retry"},
      {429, "rate_limited", "throttle"},
  };

  for (const auto& [status, body, wanted] : table) {
    CAPTURE(status, body);
    CHECK(test::word(made.http().judge(batch, test::reply(status, body)).at(0)) == wanted);
  }
}

TEST_CASE("Slack gets one message a second, three after a pause, one at a time") {
  const auto made = make("slack", "webhookurl: http://a/");

  CHECK(made.output->limits().rate == core::Rate{.per_second = 1, .burst = 3});
  CHECK(made.output->limits().items == 1);
  CHECK(made.output->limits().concurrency == 1);
}
