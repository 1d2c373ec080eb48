#include "outputs/slack_message.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace outputs {
namespace {

constexpr std::size_t kTextBytes = 40'000;  // Slack cuts messages there
constexpr std::size_t kPlainBytes = 4'000;  // what it takes whatever else was wrong
constexpr std::size_t kFieldBytes = 2'000;  // longer fields are folded away by its clients
constexpr std::size_t kHeaderBytes = 150, kSectionBytes = 3'000, kContextBytes = 2'000;
constexpr std::size_t kFieldsOfSection = 10;
constexpr std::size_t kBlocks = 50, kAllBlocksBytes = 12'000;
constexpr core::JsonEscape kHtmlSafe{.html_safe = true};

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

// A JSON object that is being written.
class Object {
 public:
  void text(std::string_view key, std::string_view value) {
    begin(key);
    core::append_json_quoted(json_, value, kHtmlSafe);
  }
  void raw(std::string_view key, std::string_view json) {
    begin(key);
    json_ += json;
  }
  std::string take() {
    json_ += '}';
    return std::move(json_);
  }

 private:
  void begin(std::string_view key) {
    if (json_.size() > 1) json_ += ',';
    core::append_json_quoted(json_, key);
    json_ += ':';
  }
  std::string json_ = "{";
};

std::string join(const std::vector<std::string>& tags) {
  std::string all;
  for (const std::string& tag : tags) all += (all.empty() ? "" : ", ") + tag;
  return all;
}

// Title and value of everything an alert has but its text, in falcosidekick's order; the time comes last.
using Each = std::function<void(std::string_view title, std::string_view value)>;
void each_field(const core::Alert& alert, const Each& each) {
  each("rule", alert.rule);
  each("priority", core::to_text(alert.priority));
  each("source", alert.source);
  if (!alert.hostname.empty()) each("hostname", alert.hostname);
  if (!alert.tags.empty()) each("tags", join(alert.tags));
  for (const core::AlertField& field : alert.fields)
    if (field.kind != core::AlertField::Kind::Null) each(field.name, field.text);
}

std::string fields_of_attachment(const core::Alert& alert) {
  std::string json = "[";
  const auto add = [&json](std::string_view title, std::string_view value, bool always_long = false) {
    if (json.back() != '[') json += ',';
    Object field;
    field.text("title", slack_fit(title, kFieldBytes));
    field.text("value", slack_fit(value, kFieldBytes));
    field.raw("short", !always_long && core::count_runes(value) < 36 ? "true" : "false");
    json += field.take();
  };
  std::size_t left_out = 0;  // an attacker may fill an alert with fields; Slack refuses what is too long as a whole
  each_field(alert, [&](std::string_view title, std::string_view value) {
    if (json.size() < kTextBytes)
      add(title, value);
    else
      ++left_out;
  });
  if (left_out > 0) add("left out", fmt::format("{} more fields", left_out));
  add("time", core::to_go_string(alert.time), true);
  json += ']';
  return json;
}

std::string attachment(const SlackOptions& options, const core::Alert& alert) {
  const std::string shown = slack_fit(alert.output, kTextBytes);
  Object json;
  json.text("fallback", shown);
  json.text("color", colour(alert.priority));
  if (options.outputformat != "fields") json.text("text", shown);
  json.raw("fields", options.outputformat == "text" ? "null" : fields_of_attachment(alert));
  if (options.outputformat != "text" && !options.footer.empty()) json.text("footer", options.footer);
  return json.take();
}

// plain_text: nothing an alert says is markup there.
std::string plain_text(std::string_view text, std::size_t bytes) {
  Object json;
  json.text("type", "plain_text");
  json.text("text", slack_fit(text.empty() ? "-" : text, bytes));  // an empty one is refused
  json.raw("emoji", "false");
  return json.take();
}

// Blocks, as long as there is room for them.
class Blocks {
 public:
  void add(const std::string& block) {
    if (count_ == kBlocks || json_.size() + block.size() > kAllBlocksBytes) {
      ++left_out_;
      return;
    }
    if (count_++ > 0) json_ += ',';
    json_ += block;
  }
  std::size_t room() const { return kAllBlocksBytes - std::min(kAllBlocksBytes, json_.size()); }
  std::size_t left_out() const { return left_out_; }
  std::string take() { return '[' + std::move(json_) + ']'; }

 private:
  std::string json_;
  std::size_t count_ = 0, left_out_ = 0;
};

std::string block(std::string_view type, std::string_view key, const std::string& json) {
  Object object;
  object.text("type", type);
  object.raw(key, json);
  return object.take();
}

void add_field_sections(Blocks& blocks, const core::Alert& alert) {
  std::string fields;
  std::size_t count = 0;
  const auto flush = [&] {
    if (count > 0) blocks.add(block("section", "fields", '[' + fields + ']'));
    fields.clear();
    count = 0;
  };
  each_field(alert, [&](std::string_view title, std::string_view value) {
    const std::string shown = plain_text(fmt::format("{}\n{}", core::truncate_utf8(title, 200), value), kFieldBytes);
    if (count == kFieldsOfSection || fields.size() + shown.size() > kSectionBytes) flush();
    if (count++ > 0) fields += ',';
    fields += shown;
  });
  flush();
}

std::string attachment_of_blocks(const SlackOptions& options, const core::Alert& alert) {
  Blocks blocks;
  blocks.add(block("header", "text", plain_text(alert.rule, kHeaderBytes)));
  if (options.outputformat != "fields" && !alert.output.empty())
    blocks.add(block("section", "text", plain_text(alert.output, kSectionBytes)));
  if (options.outputformat != "text") add_field_sections(blocks, alert);
  std::string below = core::to_go_string(alert.time);
  if (blocks.left_out() > 0) below += "; not all fields are shown: they are too long for Slack";
  if (!options.footer.empty()) below += "; " + options.footer;
  // Short, and the last: there is always room for it, see kAllBlocksBytes.
  std::string all = blocks.take();
  all.pop_back();
  all += ',' + block("context", "elements", '[' + plain_text(below, kContextBytes) + ']') + ']';
  Object json;
  json.text("fallback", slack_fit(alert.output, kTextBytes));
  json.text("color", colour(alert.priority));
  json.raw("blocks", all);
  return json.take();
}

}  // namespace

std::string slack_escape(std::string_view text) {
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
std::string slack_fit(std::string_view text, std::size_t bytes) {
  std::string escaped = slack_escape(core::truncate_utf8(text, bytes));
  for (std::size_t room = bytes; escaped.size() > bytes && room > 0;) {
    room = room * bytes / escaped.size();
    escaped = slack_escape(core::truncate_utf8(text, room));
  }
  return escaped;
}

std::string slack_message(const SlackOptions& options, const core::Alert& alert, SlackForm form,
                          const std::string& channel, const std::string& thread) {
  Object json;
  if (form == SlackForm::Plain) {
    json.text("text", slack_fit(fmt::format("{} {}: {}", core::to_text(alert.priority), alert.rule, alert.output),
                                kPlainBytes));
  } else if (!options.message.empty()) {
    json.text("text", core::truncate_utf8(options.message.render(alert, slack_escape), kTextBytes));
  } else if (options.layout == "blocks") {  // what a phone's notification says
    json.text("text", slack_fit(fmt::format("{}: {}", core::to_text(alert.priority), alert.rule), kFieldBytes));
  }
  if (options.shows_sender && !options.username.empty()) json.text("username", options.username);
  if (options.shows_sender && !options.icon.empty()) json.text("icon_url", options.icon);
  if (!channel.empty()) json.text("channel", channel);
  if (!thread.empty()) json.text("thread_ts", thread);
  if (options.is_bot() || options.layout == "blocks") {
    // Slack would fetch addresses that stand in an alert, and so tell an attacker that it was seen.
    json.raw("unfurl_links", "false");
    json.raw("unfurl_media", "false");
  }
  if (form == SlackForm::Usual)
    json.raw(
        "attachments",
        '[' + (options.layout == "blocks" ? attachment_of_blocks(options, alert) : attachment(options, alert)) + ']');
  return json.take() + '\n';
}

}  // namespace outputs
