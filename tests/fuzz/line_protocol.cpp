// An alert as a point of InfluxDB's line protocol, read back by a reader of our own that follows the documentation to
// the letter: exactly one line, and every name and value is what went in.
#include "outputs/line_protocol.h"

#include "core/alert_decoder.h"
#include "core/text.h"
#include "targets.h"
#include "tests/fuzz/property.h"

#include <map>
#include <optional>

namespace fuzz {
namespace {

// Names and tags: a backslash escapes a comma, an equals sign or a blank, and stands for itself before anything else.
std::string read_name(std::string_view& rest, std::string_view ends) {
  std::string name;
  while (!rest.empty() && ends.find(rest.front()) == std::string_view::npos) {
    if (rest.front() == '\\' && rest.size() > 1 && std::string_view{",= "}.find(rest[1]) != std::string_view::npos)
      rest.remove_prefix(1);
    name += rest.front();
    rest.remove_prefix(1);
  }
  return name;
}

std::string read_value(std::string_view& rest) {
  if (rest.empty() || rest.front() != '"') return read_name(rest, ", ");
  std::string value = "\"";
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    if (rest.front() == '\\' && rest.size() > 1 && (rest[1] == '"' || rest[1] == '\\')) rest.remove_prefix(1);
    value += rest.front();
    rest.remove_prefix(1);
  }
  demand(!rest.empty(), "a text ends with its quote", value);
  rest.remove_prefix(1);
  return value;
}

void take(std::string_view& rest, char wanted, std::string_view line) {
  demand(!rest.empty() && rest.front() == wanted, "the separator stands where it belongs", line);
  rest.remove_prefix(1);
}

struct Point {
  std::multimap<std::string, std::string> tags, fields;
};

Point read_point(std::string_view line) {
  Point point;
  std::string_view rest = line;
  demand(read_name(rest, ", ") == "events", "the measurement is events", line);
  while (!rest.empty() && rest.front() == ',') {
    rest.remove_prefix(1);
    const std::string name = read_name(rest, "=");
    take(rest, '=', line);
    const std::string value = read_name(rest, ", =");
    demand(!name.empty() && !value.empty(), "no tag is empty", line);
    point.tags.emplace(name, value);
  }
  char separator = ' ';
  do {
    take(rest, separator, line);
    const std::string name = read_name(rest, "=");
    take(rest, '=', line);
    const std::string value = read_value(rest);
    demand(!name.empty() && !value.empty(), "no field is empty", line);
    point.fields.emplace(name, value);
    separator = ',';
  } while (!rest.empty() && rest.front() == ',');
  take(rest, ' ', line);
  while (!rest.empty() && (rest.front() == '-' || (rest.front() >= '0' && rest.front() <= '9'))) rest.remove_prefix(1);
  demand(rest == "\n", "the time ends the line", line);
  return point;
}

// What becomes of a text on the way: line breaks are two characters each.
std::string without_breaks(std::string_view text) {
  return core::replace_all(core::replace_all(std::string{text}, "\n", "\\n"), "\r", "\\r");
}

std::string as_name(std::string_view text) {
  std::string name = without_breaks(text);
  while (!name.empty() && name.back() == '\\') name.pop_back();
  return name;
}

void demand_tag(const Point& point, const std::string& name, std::string_view value, std::string_view line) {
  const auto found = point.tags.find(name);
  if (as_name(value).empty()) return demand(found == point.tags.end(), "an empty tag is left out", line);
  demand(found != point.tags.end() && found->second == as_name(value), "a tag reads back as it was", line);
}

}  // namespace

void fuzz_line_protocol(std::string_view input) {
  {
    const std::string tag = outputs::escape_tag(input);
    std::string_view rest = tag;
    demand(read_name(rest, ",= \n") == as_name(input) && rest.empty(), "a name reads back as it was", tag);
    const std::string quoted = outputs::quote_field(input);
    rest = quoted;
    demand(read_value(rest) == '"' + without_breaks(input) && rest.empty(), "a text reads back as it was", quoted);
  }
  const auto alert = core::AlertDecoder{}.decode(input);
  if (!alert) return;
  outputs::PointMemory memory;
  const std::string line = outputs::to_line(*alert, {}, memory);
  demand(line.find('\n') == line.size() - 1, "an alert is one line", line);
  const Point point = read_point(line);
  demand_tag(point, "rule", alert->rule, line);
  demand_tag(point, "source", alert->source, line);
  demand_tag(point, "hostname", alert->hostname, line);
  demand(point.fields.count("value") == 1 && point.fields.find("value")->second == '"' + without_breaks(alert->output),
         "the output reads back as it was", line);
  for (const core::AlertField& field : alert->fields) {
    const std::string name = as_name(field.name);
    if (field.kind != core::AlertField::Kind::Text || name.empty()) continue;
    const std::string expected = '"' + without_breaks(field.text);
    bool found = false;
    for (const auto& [key, value] : point.fields) found = found || (key.starts_with(name) && value == expected);
    demand(found, "a field reads back as it was", line);
  }
  for (const auto& [key, value] : point.fields) {
    demand(point.fields.count(key) == 1, "no field stands twice", line);
    demand(!point.tags.contains(key), "no field has a tag's name", line);
  }
}

}  // namespace fuzz
