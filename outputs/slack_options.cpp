#include "outputs/slack_options.h"

#include "core/text.h"

#include <fmt/format.h>

namespace outputs {
namespace {

constexpr std::size_t kChannelBytes = 80;  // https://api.slack.com/methods/conversations.create

std::string plain_name(std::string_view text) {
  std::string name = core::ascii_lower(text);
  for (char& c : name) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!kept) c = '-';
  }
  return name;
}

}  // namespace

void SlackOptions::describe(core::Fields& fields) {
  fields.optional("webhookurl", webhookurl, "the incoming webhook's address");
  fields.optional("token", token, "instead: a bot's token (xoxb-…), which posts with chat.postMessage");
  fields.optional("apiurl", apiurl, "with a token: where Slack's API is");
  fields.text_template(
      "channel", channel,
      "channel or its id, with holes after a fixed beginning: #alerts-{{k8s.ns.name}}; a token needs one, "
      "new webhooks have theirs");
  fields.optional("footer", footer, "text under the attachment; a URL or words");
  fields.optional("icon", icon, "address of the picture beside the message");
  fields.optional("username", username, "name beside the message");
  fields.choice("outputformat", outputformat, {"all", "text", "fields"},
                "all: text and fields; text or fields: that alone");
  fields.choice("layout", layout, {"attachments", "blocks"},
                "attachments: as falcosidekick; blocks: Block Kit beside a bar in the priority's colour");
  fields.text_template(
      "messageformat", message,
      "a line above the attachment, with holes: {{rule}} on {{hostname}}, or as falcosidekick has it: {{ .Rule }}");
  fields.optional("thread_by", thread_by, "with a token: alerts alike in these go into one thread: [rule, hostname]");
  fields.optional("thread_for", thread_for, "how long a thread is added to before a new one begins");
  fields.optional("rate", rate, "messages at most; Slack allows about one a second a channel");
  http.describe(fields, HttpOptions::CustomHeaders::None);
  if (fields.listing()) return;

  fields.exactly_one({"webhookurl", "token"});
  shows_sender = !is_bot() || fields.has("username") || fields.has("icon");
  if (!net::is_header_value(token.reveal()))
    fields.error("token", fmt::format("{}: 'token' has characters that no header may have", fields.owner()),
                 "a line break at the end of the value, perhaps?");
  if (is_bot() && channel.empty())
    fields.error("token", fmt::format("{} has a token, but no 'channel'", fields.owner()),
                 "add channel: C0123ABCD (the channel's id is in its details) or '#name'");
  if (!is_bot() && !thread_by.empty())
    fields.error("thread_by", fmt::format("{} has 'thread_by', but no 'token'", fields.owner()),
                 "an incoming webhook does not say what it posted; threads need a bot's token");
  if (!channel.empty() && !channel.is_fixed() && channel.literal_prefix().size() < 2)
    fields.error("channel", fmt::format("{} has a 'channel' that an alert can choose freely", fields.owner()),
                 "begin it with a fixed text: '#alerts-{{k8s.ns.name}}'");
}

std::string slack_channel(const core::Template& channel, const core::Alert& alert) {
  if (channel.is_fixed()) return channel.text();
  return std::string{core::cut_utf8(channel.render(alert, plain_name), kChannelBytes)};
}

}  // namespace outputs
