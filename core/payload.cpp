// Written by hand, not through a JSON library: it runs once a sink and alert, and values that came as JSON are copied
// as they are.
#include "core/payload.h"

#include "core/text.h"

namespace core {
namespace {

constexpr JsonEscape kLikeGo{.html_safe = true};

void append_key(std::string& to, std::string_view key) {
  if (to.back() != '{') to += ',';
  append_json_quoted(to, key, kLikeGo);
  to += ':';
}

void append_text(std::string& to, std::string_view key, std::string_view value) {
  append_key(to, key);
  append_json_quoted(to, value, kLikeGo);
}

void append_field(std::string& to, const AlertField& field) {
  append_key(to, field.name);
  if (field.kind == AlertField::Kind::Text)
    append_json_quoted(to, field.text, kLikeGo);
  else
    to += field.json;
}

}  // namespace

std::string to_open_payload(const Alert& alert) {
  std::string json;
  json.reserve(alert.json.size() + 128);
  json += '{';
  append_text(json, "uuid", to_text(alert.id));
  append_text(json, "output", alert.output);
  append_text(json, "priority", to_text(alert.priority));
  append_text(json, "rule", alert.rule);
  append_text(json, "time", alert.time_text);
  append_key(json, "output_fields");
  json += '{';
  for (const AlertField& field : alert.fields) append_field(json, field);
  json += '}';
  append_text(json, "source", alert.source);
  if (!alert.tags.empty()) {
    append_key(json, "tags");
    char before = '[';
    for (const std::string& tag : alert.tags) {
      json += before;
      append_json_quoted(json, tag, kLikeGo);
      before = ',';
    }
    json += ']';
  }
  if (!alert.hostname.empty()) append_text(json, "hostname", alert.hostname);
  for (const AlertField& field : alert.extra) append_field(json, field);
  return json;
}

std::string to_payload(const Alert& alert) {
  std::string json = to_open_payload(alert);
  json += '}';
  return json;
}

}  // namespace core
