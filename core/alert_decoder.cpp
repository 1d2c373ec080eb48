// simdjson's DOM into an Alert. The document is walked once for limits and duplicate keys, then the known keys are
// read. Numbers keep their literal: simdjson parses them, so the text is taken from the input by a scanner that follows
// the DOM.
#include "core/alert_decoder.h"

#include "core/text.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>

namespace core {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

Error invalid(std::string what) {
  return {Fault::Invalid, std::move(what)};
}

// The walk over one alert that looks for what is not allowed.
class Inspection {
 public:
  explicit Inspection(const AlertLimits& limits) : limits_{limits} { keys_.reserve(32); }

  // Null when the element is within the limits; else the sentence.
  std::optional<Error> look_at(const element& value) {
    switch (value.type()) {
      case element_type::OBJECT: {
        object map;
        if (value.get_object().get(map) != simdjson::SUCCESS) return {};
        if (auto fault = look_at_keys(map)) return fault;
        for (const auto entry : map)
          if (auto fault = look_at(entry.value)) return fault;
        return {};
      }
      case element_type::ARRAY: {
        simdjson::dom::array items;
        if (value.get_array().get(items) != simdjson::SUCCESS) return {};
        for (const element item : items)
          if (auto fault = look_at(item)) return fault;
        return {};
      }
      case element_type::STRING: {
        std::string_view text;
        if (value.get_string().get(text) == simdjson::SUCCESS && text.size() > limits_.text_bytes)
          return invalid(fmt::format("a string of more than {} bytes", limits_.text_bytes));
        return {};
      }
      case element_type::INT64:
      case element_type::UINT64:
      case element_type::DOUBLE:
      case element_type::BOOL:
      case element_type::NULL_VALUE:
        return {};
    }
    return {};
  }

 private:
  std::optional<Error> look_at_keys(const object& map) {
    keys_.clear();
    for (const auto entry : map) {
      if (++count_ > limits_.keys) return invalid(fmt::format("more than {} keys", limits_.keys));
      if (entry.key.size() > limits_.text_bytes)
        return invalid(fmt::format("a key of more than {} bytes", limits_.text_bytes));
      keys_.push_back(entry.key);
    }
    // Falco sends its keys sorted.
    if (!std::is_sorted(keys_.begin(), keys_.end())) std::sort(keys_.begin(), keys_.end());
    const auto twin = std::adjacent_find(keys_.begin(), keys_.end());
    if (twin == keys_.end()) return {};
    return invalid(fmt::format("key '{}' stands twice in one object", printable(truncate_utf8(*twin, 60))));
  }

  const AlertLimits& limits_;
  std::size_t count_ = 0;
  std::vector<std::string_view> keys_;
};

// Follows valid JSON text to find where each value of an object begins and ends, so that literals can be copied as they
// came.
class Scanner {
 public:
  explicit Scanner(std::string_view json) : json_{json} {}

  void blanks() {
    while (at_ < json_.size() && (json_[at_] == ' ' || json_[at_] == '\t' || json_[at_] == '\n' || json_[at_] == '\r'))
      ++at_;
  }
  bool take(char c) {
    blanks();
    if (at_ >= json_.size() || json_[at_] != c) return false;
    ++at_;
    return true;
  }
  // A quote ends the string unless an odd number of backslashes stands before it.
  void skip_string() {
    while (true) {
      at_ = json_.find('"', at_ + 1);
      if (at_ == std::string_view::npos) break;
      std::size_t backslashes = 0;
      while (json_[at_ - 1 - backslashes] == '\\') ++backslashes;
      if (backslashes % 2 == 0) break;
    }
    at_ = std::min(at_, json_.size() - 1) + 1;
  }
  std::string_view value() {
    blanks();
    const std::size_t begin = at_;
    if (json_[at_] == '"') {
      skip_string();
    } else if (json_[at_] == '{' || json_[at_] == '[') {
      std::size_t depth = 0;
      do {
        const char c = json_[at_];
        if (c == '"') {
          skip_string();
          continue;
        }
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        ++at_;
      } while (depth > 0 && at_ < json_.size());
    } else {
      while (at_ < json_.size() && !ends_literal(json_[at_])) ++at_;
    }
    return json_.substr(begin, at_ - begin);
  }

 private:
  static bool ends_literal(char c) {
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
  }

  std::string_view json_;
  std::size_t at_ = 0;
};

// Calls each(key, value, text) for every entry; `json` is the text of the (valid) object.
template <class Each>
void for_each_entry(const object& map, std::string_view json, Each each) {
  Scanner scanner{json};
  scanner.take('{');
  for (const auto entry : map) {
    scanner.blanks();
    scanner.skip_string();
    scanner.take(':');
    const std::string_view text = scanner.value();
    each(entry.key, entry.value, text);
    scanner.take(',');
  }
}

AlertField to_field(std::string_view name, const element& value, std::string_view json) {
  AlertField field;
  field.name = name;
  switch (value.type()) {
    case element_type::STRING: {
      std::string_view text;
      if (value.get_string().get(text) == simdjson::SUCCESS) field.text = text;
      field.kind = AlertField::Kind::Text;
      return field;
    }
    case element_type::NULL_VALUE:
      field.kind = AlertField::Kind::Null;
      field.json = json;
      return field;
    case element_type::BOOL:
      field.kind = AlertField::Kind::Boolean;
      break;
    case element_type::OBJECT:
    case element_type::ARRAY:
      field.kind = AlertField::Kind::Nested;
      break;
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      field.kind = AlertField::Kind::Number;
      break;
  }
  field.json = json;
  field.text = json;
  return field;
}

// The known key an unknown spelling stands for: Go matches keys in any case, and so do falcosidekick's senders.
std::string_view known_key(std::string_view key) {
  constexpr std::array<std::string_view, 9> kKnown{"uuid",          "output", "priority", "rule",    "time",
                                                   "output_fields", "source", "tags",     "hostname"};
  for (const auto known : kKnown)
    if (key == known) return known;
  const std::string lower = ascii_lower(key);
  for (const auto known : kKnown)
    if (lower == known) return known;
  return {};
}

Result<> read_text(std::string_view key, const element& value, std::string& into) {
  if (value.is_null()) return boost::system::in_place_value;
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return invalid(fmt::format("'{}' is not a string", key));
  into = text;
  return boost::system::in_place_value;
}

Result<> read_fields(const element& value, std::string_view text, Alert& alert, bool needs_fields) {
  if (value.is_null() && !needs_fields) return boost::system::in_place_value;
  object fields;
  if (value.get_object().get(fields) != simdjson::SUCCESS) {
    return invalid(value.is_null() ? "'output_fields' is null" : "'output_fields' is not an object");
  }
  alert.fields.reserve(fields.size());
  for_each_entry(fields, text, [&](std::string_view name, const element& field, std::string_view json) {
    alert.fields.push_back(to_field(name, field, json));
  });
  const auto by_name = [](const AlertField& a, const AlertField& b) { return a.name < b.name; };
  if (!std::is_sorted(alert.fields.begin(), alert.fields.end(), by_name))
    std::sort(alert.fields.begin(), alert.fields.end(), by_name);
  return boost::system::in_place_value;
}

Result<> read_tags(const element& value, Alert& alert) {
  if (value.is_null()) return boost::system::in_place_value;
  simdjson::dom::array tags;
  if (value.get_array().get(tags) != simdjson::SUCCESS) return invalid("'tags' is not a list of strings");
  alert.tags.reserve(tags.size());
  for (const element tag : tags) {
    std::string_view text;
    if (tag.get_string().get(text) != simdjson::SUCCESS) return invalid("'tags' is not a list of strings");
    alert.tags.emplace_back(text);
  }
  std::sort(alert.tags.begin(), alert.tags.end());
  return boost::system::in_place_value;
}

Result<> read_key(std::string_view key, const element& value, std::string_view text, Alert& alert, bool needs_fields) {
  if (key == "output") return read_text(key, value, alert.output);
  if (key == "rule") return read_text(key, value, alert.rule);
  if (key == "source") return read_text(key, value, alert.source);
  if (key == "hostname") return read_text(key, value, alert.hostname);
  if (key == "output_fields") return read_fields(value, text, alert, needs_fields);
  if (key == "tags") return read_tags(value, alert);
  if (key == "time") return read_text(key, value, alert.time_text);
  if (key == "priority") {
    std::string name;
    if (auto read = read_text(key, value, name); !read) return read;
    const auto priority = parse_priority(name);
    if (!priority)
      return invalid(
          fmt::format("'priority' is '{}', not {}", printable(truncate_utf8(name, 40)), priority.error().what));
    alert.priority = *priority;
  }
  return boost::system::in_place_value;  // uuid: ours replaces it, as falcosidekick's does
}

// A fault when something that falcosidekick demands is not there.
Result<> check_complete(Alert& alert, bool has_priority, bool needs_fields) {
  if (!has_priority) return invalid("'priority' is missing");
  if (alert.rule.empty()) return invalid("'rule' is missing or empty");
  if (alert.time_text.empty()) return invalid("'time' is missing");
  const auto time = parse_rfc3339(alert.time_text);
  if (!time) return invalid("'time' is " + time.error().what);
  alert.time = *time;
  if (alert.fields.empty() && needs_fields) return invalid("'output_fields' is missing or empty");
  if (alert.source.empty()) alert.source = "syscalls";
  return boost::system::in_place_value;
}

Result<Alert> to_alert(const element& root, std::string_view json, const AlertLimits& limits) {
  object map;
  if (root.get_object().get(map) != simdjson::SUCCESS) return invalid("not a JSON object");
  if (json.size() > limits.bytes) return invalid(fmt::format("more than {} bytes", limits.bytes));
  if (auto fault = Inspection{limits}.look_at(root)) return *fault;

  Alert alert;
  alert.json = json;
  bool has_priority = false;
  std::array<std::string_view, 9> seen;  // as known_key() knows them: "Rule" and "rule" are the same key
  auto seen_end = seen.begin();
  std::optional<Error> fault;
  for_each_entry(map, json, [&](std::string_view key, const element& value, std::string_view text) {
    const auto known = known_key(key);
    if (known.empty()) {
      alert.extra.push_back(to_field(key, value, text));
      return;
    }
    if (std::find(seen.begin(), seen_end, known) == seen_end)
      *seen_end++ = known;
    else if (!fault)
      fault = Error{Fault::Invalid, fmt::format("'{}' stands twice", known)};
    has_priority = has_priority || known == "priority";
    if (auto read = read_key(known, value, text, alert, limits.needs_fields); !read && !fault) fault = read.error();
  });
  if (fault) return *fault;
  if (auto complete = check_complete(alert, has_priority, limits.needs_fields); !complete) return complete.error();
  return alert;
}

}  // namespace

struct AlertDecoder::Parser {
  explicit Parser(std::size_t depth) { depth_error = dom.allocate(1 << 16, depth); }
  simdjson::dom::parser dom;
  simdjson::error_code depth_error;
  std::string padded;  // simdjson reads past the end of what it parses
  std::size_t padded_size = 0;

  simdjson::simdjson_result<element> parse(std::string_view json) {
    padded.assign(json);
    padded.append(simdjson::SIMDJSON_PADDING, ' ');
    return dom.parse(padded.data(), json.size(), false);
  }
};

AlertDecoder::AlertDecoder(AlertLimits limits) : parser_{std::make_unique<Parser>(limits.depth + 1)}, limits_{limits} {}
AlertDecoder::~AlertDecoder() = default;
AlertDecoder::AlertDecoder(AlertDecoder&&) noexcept = default;

namespace {
Error parse_error(simdjson::error_code code, const AlertLimits& limits) {
  if (code == simdjson::DEPTH_ERROR) return invalid(fmt::format("nested deeper than {}", limits.depth));
  return invalid(fmt::format("not valid JSON: {}", simdjson::error_message(code)));
}
}  // namespace

Result<Alert> AlertDecoder::decode(std::string_view json) {
  json = trim(json);
  if (json.empty()) return invalid("empty");
  element root;
  if (const auto code = parser_->parse(json).get(root)) return parse_error(code, limits_);
  return to_alert(root, json, limits_);
}

Result<AlertDecoder::Shape> AlertDecoder::decode_body(std::string_view body, const Each& each) {
  body = trim(body);
  if (body.empty()) return invalid("the body is empty");
  Shape shape;
  element root;
  const auto code = parser_->parse(body).get(root);
  if (!code) {
    simdjson::dom::array items;
    if (root.get_array().get(items) == simdjson::SUCCESS) {
      Scanner scanner{body};
      scanner.take('[');
      for (const element item : items) {
        const std::string_view text = scanner.value();
        scanner.take(',');
        each(shape.count++, to_alert(item, text, limits_));
      }
      if (shape.count == 0) return invalid("the list is empty");
      return shape;
    }
    shape.count = 1;
    shape.single = true;
    each(0, to_alert(root, body, limits_));
    return shape;
  }
  // NDJSON: more than one line, and every line is an alert of its own, good or bad.
  if (body.find('\n') == std::string_view::npos) return parse_error(code, limits_);
  std::vector<std::string_view> lines;
  for (const auto line : split(body, '\n'))
    if (!trim(line).empty()) lines.push_back(line);
  // A single alert printed over several lines that is broken is no NDJSON: its first line alone is not an object.
  if (parser_->parse(trim(lines.front())).error()) return parse_error(code, limits_);
  for (const auto line : lines) each(shape.count++, decode(line));
  return shape;
}

}  // namespace core
