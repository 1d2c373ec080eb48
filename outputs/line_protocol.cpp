// Tags first, fields after one blank, time after another. Names that the point itself uses are kept from output fields
// of the same name.
#include "outputs/line_protocol.h"

#include <fmt/format.h>

#include <charconv>

namespace outputs {
namespace {

constexpr std::string_view kOwnNames[] = {"rule",   "priority", "source", "hostname", "value",
                                          "output", "id",       "tags",   "time"};

void append_tag(std::string& line, std::string_view name, std::string_view value) {
  const std::string escaped = escape_tag(value);
  if (escaped.empty()) return;  // an empty tag is a syntax error
  line += ',';
  line += name;
  line += '=';
  line += escaped;
}

bool is_own(std::string_view name) {
  return std::find(std::begin(kOwnNames), std::end(kOwnNames), name) != std::end(kOwnNames);
}

void append_number(std::string& line, std::string_view literal) {
  const char* const end = literal.data() + literal.size();
  std::int64_t whole = 0;
  if (const auto [stop, error] = std::from_chars(literal.data(), end, whole); error == std::errc{} && stop == end) {
    line += literal;
    line += 'i';
    return;
  }
  double number = 0;
  const auto [stop, error] = std::from_chars(literal.data(), end, number);
  if (error == std::errc{} && stop == end)
    line += literal;  // JSON's form of a number is one of the protocol's too
  else
    line += quote_field(literal);  // beyond a double: its digits, rather than nothing
}

std::int64_t unique_time(const core::Alert& alert) {
  std::int64_t unit = 1'000'000'000;
  if (const auto point = alert.time_text.find('.'); point != std::string::npos)
    for (auto i = point + 1;
         i < alert.time_text.size() && alert.time_text[i] >= '0' && alert.time_text[i] <= '9' && unit > 1; ++i)
      unit /= 10;
  std::uint64_t random = 0;
  for (std::size_t i = 8; i < 16; ++i) random = random << 8 | alert.id.bytes[i];  // the random half of a version 7 UUID
  return core::to_unix_nanoseconds(alert.time) + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(unit));
}

}  // namespace

std::string escape_tag(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size() + 8);
  for (const char c : text) {
    if (c == '\n')
      escaped += "\\n";
    else if (c == '\r')
      escaped += "\\r";
    else {
      if (c == ',' || c == '=' || c == ' ') escaped += '\\';
      escaped += c;
    }
  }
  while (!escaped.empty() && escaped.back() == '\\') escaped.pop_back();
  return escaped;
}

std::string quote_field(std::string_view text) {
  std::string quoted = "\"";
  quoted.reserve(text.size() + 16);
  for (const char c : text) {
    if (c == '\n')
      quoted += "\\\\n";
    else if (c == '\r')
      quoted += "\\\\r";
    else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  quoted += '"';
  return quoted;
}

std::string to_line(const core::Alert& alert) {
  std::string line = "events";
  append_tag(line, "rule", alert.rule);
  append_tag(line, "priority", core::to_text(alert.priority));
  append_tag(line, "source", alert.source);
  append_tag(line, "hostname", alert.hostname);

  const std::string output = quote_field(alert.output);
  line += " value=" + output + ",output=" + output + ",id=\"" + core::to_text(alert.id) + '"';
  if (!alert.tags.empty()) {
    std::string tags;
    for (const std::string& tag : alert.tags) tags += (tags.empty() ? "" : ",") + tag;
    line += ",tags=" + quote_field(tags);
  }
  for (const core::AlertField& field : alert.fields) {
    std::string name = escape_tag(field.name);
    if (field.kind == core::AlertField::Kind::Null || name.empty()) continue;
    if (is_own(name)) name += '_';
    line += ',' + name + '=';
    switch (field.kind) {
      case core::AlertField::Kind::Number:
        append_number(line, field.json);
        break;
      case core::AlertField::Kind::Boolean:
        line += field.json;
        break;
      case core::AlertField::Kind::Text:
        line += quote_field(field.text);
        break;
      case core::AlertField::Kind::Nested:
        line += quote_field(field.json);
        break;
      case core::AlertField::Kind::Null:
        break;
    }
  }
  line += fmt::format(" {}\n", unique_time(alert));
  return line;
}

}  // namespace outputs
