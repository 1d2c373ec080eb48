#include "hub/ingest/identity.h"

#include "core/text.h"

namespace hub {
namespace {

constexpr std::string_view kFields = "\"output_fields\"";
constexpr std::string_view kBlanks = " \t\r\n";

// One past the closing quote of the string that begins at `at`.
std::size_t end_of_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size(); ++at) {
    if (json[at] == '\\')
      ++at;
    else if (json[at] == '"')
      return at + 1;
  }
  return json.size();
}

std::size_t skip_blanks(std::string_view json, std::size_t at) {
  return std::min(json.find_first_not_of(kBlanks, at), json.size());
}

}  // namespace

std::string add_output_field(std::string_view json, std::string_view name, std::string_view value) {
  const std::string addition = core::json_quote(name) + ':' + core::json_quote(value);
  std::string made;
  made.reserve(json.size() + addition.size());
  std::size_t copied = 0, objects = 0;
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (c == '{') ++objects;
    if (c == '}' && objects > 0) --objects;
    if (c != '"') {
      ++at;
      continue;
    }
    const std::size_t end = end_of_string(json, at);
    const bool is_fields = objects == 1 && json.substr(at, end - at) == kFields;
    at = end;
    if (!is_fields) continue;
    std::size_t next = skip_blanks(json, at);
    if (next >= json.size() || json[next] != ':') continue;
    next = skip_blanks(json, next + 1);
    if (next >= json.size() || json[next] != '{') continue;
    const std::size_t inside = skip_blanks(json, next + 1);
    if (inside >= json.size()) continue;
    made.append(json.substr(copied, next + 1 - copied)).append(addition);
    if (json[inside] != '}') made += ',';
    copied = next + 1;
  }
  return made.append(json.substr(copied));
}

}  // namespace hub
