// How values print. Missing is <NA> in text and null in output_fields.
#include "detector/rules/output_format.h"

#include "core/text.h"
#include "detector/rules/field_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ctime>

namespace detector::rules {
namespace {

// As Falco's JSON library writes it: invalid UTF-8 becomes the character U+FFFD itself, not its escape.
void append_quoted(std::string& to, std::string_view text) {
  if (core::is_valid_utf8(text)) core::append_json_quoted(to, text);
  else core::append_json_quoted(to, core::to_valid_utf8(text));
}

std::string quoted(std::string_view text) {
  std::string result;
  append_quoted(result, text);
  return result;
}

// Falco prints bytes with dots for what is no printable ASCII.
std::string dotted(std::string_view bytes) {
  std::string text{bytes};
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c > 0x7E; }, '.');
  return text;
}

void append_value(std::string& to, const Value& value) {
  struct Printer {
    std::string& to;
    void operator()(Missing) const { to += "<NA>"; }
    void operator()(bool truth) const { to += truth ? "true" : "false"; }
    void operator()(std::int64_t number) const { fmt::format_to(std::back_inserter(to), "{}", number); }
    void operator()(std::uint64_t number) const { fmt::format_to(std::back_inserter(to), "{}", number); }
    void operator()(double number) const { fmt::format_to(std::back_inserter(to), "{:.1f}", number); }
    void operator()(std::string_view text) const { to += text; }
    void operator()(const IpAddress& ip) const { to += to_text(ip); }
    void operator()(const std::vector<std::string>& words) const {
      to += '(';
      for (const std::string& word : words) to.append(to.back() == '(' ? "" : ",").append(word);
      to += ')';
    }
    void operator()(const std::vector<IpAddress>& ips) const {
      to += '(';
      for (const IpAddress& ip : ips) to.append(to.back() == '(' ? "" : ",").append(to_text(ip));
      to += ')';
    }
  };
  std::visit(Printer{to}, value);
}

void append_json_value(std::string& to, const Value& value) {
  if (std::holds_alternative<Missing>(value)) {
    to += "null";
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    append_quoted(to, *text);
  } else if (const auto* ip = std::get_if<IpAddress>(&value)) {
    append_quoted(to, to_text(*ip));
  } else if (const auto* words = std::get_if<std::vector<std::string>>(&value)) {
    to += '[';
    for (const std::string& word : *words) {
      if (to.back() != '[') to += ',';
      append_quoted(to, word);
    }
    to += ']';
  } else if (const auto* ips = std::get_if<std::vector<IpAddress>>(&value)) {
    to += '[';
    for (const IpAddress& each : *ips) {
      if (to.back() != '[') to += ',';
      append_quoted(to, to_text(each));
    }
    to += ']';
  } else {
    append_value(to, value);
  }
}

bool is_clock_time(std::string_view field) {
  return field == "evt.time" || field == "evt.time.s" || field == "evt.time.iso8601" || field == "evt.datetime" || field == "evt.datetime.s" ||
         field == "evt.outputtime";
}

std::int64_t nanoseconds(const Event& event) { return event.time.time_since_epoch().count(); }

// Always nine digits, unlike core::to_rfc3339.
std::string utc_time(const Event& event) {
  const std::time_t seconds = nanoseconds(event) / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:09}Z", std::string_view{text, length}, nanoseconds(event) % 1'000'000'000);
}

void append_fields(std::string& to, const AlertParts& parts, Evaluator& evaluator) {
  std::vector<const OutputPiece*> fields;
  for (const OutputFormat* format : {&parts.time, &parts.output}) {
    for (const OutputPiece& piece : format->pieces) if (piece.is_field && !piece.key.empty()) fields.push_back(&piece);
  }
  std::sort(fields.begin(), fields.end(), [](const OutputPiece* a, const OutputPiece* b) { return a->key < b->key; });
  fields.erase(std::unique(fields.begin(), fields.end(), [](const OutputPiece* a, const OutputPiece* b) { return a->key == b->key; }), fields.end());
  to += '{';
  for (const OutputPiece* field : fields) {
    if (to.back() != '{') to += ',';
    append_quoted(to, field->key);
    to += ':';
    if (field->is_time) to += std::to_string(nanoseconds(parts.event));
    else append_json_value(to, evaluator.read(field->read));
  }
  to += '}';
}

std::string alert_json(const AlertParts& parts, Evaluator& evaluator, std::string_view message, std::string_view line) {
  const EngineOptions& options = parts.options;
  std::string json = "{\"hostname\":" + quoted(options.hostname);
  if (options.include_message) json.append(",\"message\":").append(quoted(message));
  if (options.include_output) json.append(",\"output\":").append(quoted(line));
  if (options.include_output_fields) {
    json += ",\"output_fields\":";
    append_fields(json, parts, evaluator);
  }
  json.append(",\"priority\":\"").append(core::to_text(parts.rule.priority)).append("\",\"rule\":").append(quoted(parts.rule.name));
  json.append(",\"source\":").append(quoted(parts.rule.source));
  if (options.include_tags) {
    json += ",\"tags\":[";
    for (const std::string& tag : parts.rule.tags) {       // sorted when the rule was loaded
      if (json.back() != '[') json += ',';
      append_quoted(json, tag);
    }
    json += ']';
  }
  json.append(",\"time\":\"").append(utc_time(parts.event)).append("\"}");
  return json;
}

}  // namespace

ParsedOutput parse_output(std::string_view text, ProgramBuilder& builder) {
  ParsedOutput result;
  const auto refuse = [&](std::string why) {
    result.error = std::move(why);
    return result;
  };
  if (text.empty()) return refuse("empty formatting token");
  if (text.front() == '*') text.remove_prefix(1);      // missing prints as <NA> with or without it
  std::string literal;
  const auto end_literal = [&] {
    if (literal.empty()) return;
    OutputPiece piece;
    piece.literal = std::move(literal);
    result.format.pieces.push_back(std::move(piece));
    literal.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '%') {
      literal += text[at++];
      continue;
    }
    end_literal();
    if (++at == text.size()) return refuse("invalid formatting syntax: formatting cannot end with a %");
    OutputPiece piece;
    piece.is_field = true;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0 && piece.width < 100'000) {
      piece.width = piece.width * 10 + static_cast<std::size_t>(text[at++] - '0');
    }
    if (at == text.size()) return refuse("invalid formatting syntax: formatting cannot end with a number");
    const std::string_view rest = text.substr(at);
    if (const ParsedOperand call = parse_transformer_call(rest); call.length > 0 || !call.error.empty()) {
      CompileFault fault{call.error, {}};
      const auto read = call.length > 0 ? builder.add_operand(call.operand, fault) : std::nullopt;
      if (!read) return refuse("unknown filter: " + fault.message);
      piece.read = *read;
      at += call.length;
    } else {
      const FieldLookup found = find_field_prefix(rest);
      if (!found.field) {
        // Falco's own words, cut short as it cuts them.
        const bool named = rest.substr(0, rest.find_first_of(" \t\n%")).find('.') != std::string_view::npos;
        if (!named) return refuse("unknown filter: unexpected token after '");
        const bool unknown = found.error.find("nonexistent field") != std::string::npos;
        return refuse(unknown ? "invalid formatting token " + std::string{rest} : found.error);
      }
      const FieldInfo& info = field_table()[found.field->id];
      if (info.filter_only) return refuse(std::string{rest} + " is filter only and cannot be used as a display field");
      piece.read = builder.add_field(found.field->id, found.field->argument, found.field->type);
      piece.key = rest.substr(0, found.field->length);
      piece.is_time = is_clock_time(info.name);
      at += found.field->length;
    }
    result.format.pieces.push_back(std::move(piece));
  }
  end_literal();
  return result;
}

void append_rendered(std::string& to, const OutputFormat& format, Evaluator& evaluator) {
  for (const OutputPiece& piece : format.pieces) {
    if (!piece.is_field) {
      to += piece.literal;
      continue;
    }
    const std::size_t begin = to.size();
    const Value& value = evaluator.read(piece.read);
    const auto* text = std::get_if<std::string_view>(&value);
    if (piece.key == "evt.buffer" && text != nullptr) to += dotted(*text);
    else append_value(to, value);
    if (piece.width > 0) to.resize(begin + piece.width, ' ');
  }
}

std::string escape_line(std::string_view text) {
  const std::string with_quotes = quoted(text);
  return with_quotes.substr(1, with_quotes.size() - 2);
}

Match make_match(const AlertParts& parts, Evaluator& evaluator) {
  std::string message;
  append_rendered(message, parts.output, evaluator);
  std::string line;
  append_rendered(line, parts.time, evaluator);
  line.append(": ").append(core::to_text(parts.rule.priority)).append(" ").append(message);
  Match match;
  match.rule = &parts.rule;
  match.text = escape_line(line);
  if (parts.options.json_output) match.json = alert_json(parts, evaluator, message, line);
  return match;
}

}  // namespace detector::rules
