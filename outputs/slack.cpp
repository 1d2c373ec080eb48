// Slack incoming webhooks: falcosidekick's attachment, with what it leaves out (numbers, escaping, Slack's length
// limits). Slack knows no idempotency: an alert whose reply was lost is posted twice. It disables applications that
// insist: one message a second, see limits().
#include "core/template.h"
#include "core/text.h"
#include "outputs/http_output.h"

#include <fmt/format.h>

namespace outputs {
namespace {

constexpr std::size_t kTextBytes = 40'000;  // Slack cuts messages there
constexpr std::size_t kFieldBytes = 2'000;  // longer fields are folded away by its clients
constexpr core::JsonEscape kHtmlSafe{.html_safe = true};

struct Options {
  core::Secret webhookurl;
  std::string channel;
  std::string footer = "https://github.com/falcosecurity/falcosidekick";
  std::string icon =
      "https://raw.githubusercontent.com/falcosecurity/falcosidekick/master/imgs/falcosidekick_color.png";
  std::string username = "Falcosidekick";
  std::string outputformat = "all";
  core::Template message;
  core::Rate rate{.per_second = 1, .burst = 3};
  HttpOptions http;

  void describe(core::Fields& fields) {
    fields.required("webhookurl", webhookurl, "the incoming webhook's address");
    fields.optional("channel", channel, "channel to post to (old webhooks only; new ones have theirs)");
    fields.optional("footer", footer, "text under the attachment; a URL or words");
    fields.optional("icon", icon, "address of the picture beside the message");
    fields.optional("username", username, "name beside the message");
    fields.choice("outputformat", outputformat, {"all", "text", "fields"},
                  "all: text and fields; text or fields: that alone");
    fields.text_template(
        "messageformat", message,
        "a line above the attachment, with holes: {{rule}} on {{hostname}}, or as falcosidekick has it: "
        "{{ .Rule }}");
    fields.optional("rate", rate, "messages at most; Slack allows about one a second a channel");
    http.describe(fields, HttpOptions::CustomHeaders::None);
  }
};

std::string_view colour(core::Priority priority) {
  switch (priority) {
    case core::Priority::Emergency:
      return "#e20b0b";
    case core::Priority::Alert:
      return "#ff5400";
    case core::Priority::Critical:
      return "#ff5400";
    case core::Priority::Error:
      return "#e20b0b";
    case core::Priority::Warning:
      return "#ffc700";
    case core::Priority::Notice:
      return "#5bffb5";
    case core::Priority::Informational:
      return "#68c2ff";
    case core::Priority::Debug:
      return "#ccfff2";
  }
  return "";
}

// &, < and > begin Slack's own markup: <!channel> in a file name would ring everybody's phone.
std::string escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else
      escaped += c;
  }
  return escaped;
}

// Cut first, then escaped, so that no entity is torn; escaping grows a text up to fivefold, so what is still too long
// is cut again.
std::string fit(std::string_view text, std::size_t bytes) {
  std::string escaped = escape(core::truncate_utf8(text, bytes));
  for (std::size_t room = bytes; escaped.size() > bytes && room > 0;) {
    room = room * bytes / escaped.size();
    escaped = escape(core::truncate_utf8(text, room));
  }
  return escaped;
}

class Slack final : public HttpOutput {
 public:
  Slack(Options options, net::Url url) : options_{std::move(options)}, url_{std::move(url)} {}

  Limits limits() const override {
    return {.items = 1, .rate = options_.rate, .concurrency = options_.http.concurrency()};
  }

  Rendered request(Batch batch, const Attempt&) const override {
    Rendered rendered{.request = {.url = url_, .headers = {{"Content-Type", "application/json; charset=utf-8"}}}};
    rendered.request.body = render(*batch.front());
    for (std::size_t i = 1; i < batch.size(); ++i)
      rendered.rejected.emplace_back(i, "one alert a message");  // limits() says 1
    return rendered;
  }

  core::Outcomes judge(Batch batch, const net::HttpReply& reply) const override {
    return core::same_for_all(batch.size(), verdict(reply));
  }

 private:
  std::string render(const core::Alert& alert) const;
  std::string render_fields(const core::Alert& alert) const;
  static core::Outcome verdict(const net::HttpReply& reply);

  Options options_;
  net::Url url_;
};

std::string Slack::render(const core::Alert& alert) const {
  std::string json = "{";
  const auto text = [&json](std::string_view key, std::string_view value) {
    if (json.back() != '{') json += ',';
    core::append_json_quoted(json, key);
    json += ':';
    core::append_json_quoted(json, value, kHtmlSafe);
  };
  if (!options_.message.empty()) text("text", core::truncate_utf8(options_.message.render(alert, escape), kTextBytes));
  if (!options_.username.empty()) text("username", options_.username);
  if (!options_.icon.empty()) text("icon_url", options_.icon);
  if (!options_.channel.empty()) text("channel", options_.channel);

  json += ",\"attachments\":[{";
  const std::string shown = fit(alert.output, kTextBytes);
  text("fallback", shown);
  text("color", colour(alert.priority));
  if (options_.outputformat != "fields") text("text", shown);
  json += ",\"fields\":";
  json += options_.outputformat == "text" ? "null" : render_fields(alert);
  if (options_.outputformat != "text" && !options_.footer.empty()) text("footer", options_.footer);
  json += "}]}\n";
  if (json.starts_with("{,")) json.erase(1, 1);
  return json;
}

std::string Slack::render_fields(const core::Alert& alert) const {
  std::string json = "[";
  const auto add = [&json](std::string_view title, std::string_view value, bool always_long = false) {
    if (json.back() != '[') json += ',';
    json += "{\"title\":";
    core::append_json_quoted(json, fit(title, kFieldBytes), kHtmlSafe);
    json += ",\"value\":";
    core::append_json_quoted(json, fit(value, kFieldBytes), kHtmlSafe);
    json += !always_long && core::count_runes(value) < 36 ? ",\"short\":true}" : ",\"short\":false}";
  };
  add("rule", alert.rule);
  add("priority", core::to_text(alert.priority));
  add("source", alert.source);
  if (!alert.hostname.empty()) add("hostname", alert.hostname);
  if (!alert.tags.empty()) {
    std::string tags;
    for (const std::string& tag : alert.tags) tags += (tags.empty() ? "" : ", ") + tag;
    add("tags", tags);
  }
  std::size_t left_out = 0;  // an attacker may fill an alert with fields; Slack refuses what is too long as a whole
  for (const core::AlertField& field : alert.fields) {
    if (field.kind == core::AlertField::Kind::Null) continue;
    if (json.size() < kTextBytes)
      add(field.name, field.text);
    else
      ++left_out;
  }
  if (left_out > 0) add("left out", fmt::format("{} more fields", left_out));
  add("time", core::to_go_string(alert.time), true);
  json += ']';
  return json;
}

// https://api.slack.com/changelog/2016-05-17: a word in the body says what a status alone does not.
core::Outcome Slack::verdict(const net::HttpReply& reply) {
  const std::string_view word = core::trim(reply.body);
  const auto why = [&] {
    return fmt::format("HTTP {}: {}", reply.status, core::printable(core::truncate_utf8(word, 200)));
  };
  if (reply.status / 100 == 2 || reply.status == 429) return judge_by_status(reply);
  for (const std::string_view mine :
       {"invalid_payload", "user_not_found", "no_text", "too_many_attachments", "msg_too_long"})
    if (word == mine) return core::Reject{why()};
  for (const std::string_view theirs :
       {"action_prohibited", "posting_to_general_channel_denied", "invalid_token", "channel_not_found", "no_service",
        "no_service_id", "no_team", "no_active_hooks", "team_disabled", "channel_is_archived"})
    if (word == theirs) return core::Misconfigured{why()};
  if (word == "rollup_error") return core::Retry{why()};
  return judge_by_status(reply);
}

}  // namespace

std::unique_ptr<Output> make_slack(core::Fields& fields, const Surroundings& surroundings) {
  const Reading reading{fields};
  Options options;
  options.describe(fields);
  auto url = read_url(fields, "webhookurl", options.webhookurl.reveal());
  if (reading.failed()) return nullptr;
  const HttpOptions http = options.http;
  return wrap_http(std::make_unique<Slack>(std::move(options), std::move(*url)), http, surroundings, fields);
}

}  // namespace outputs
