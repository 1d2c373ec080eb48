// Verdicts: a fault with its place and the line it is about, cut as Falco cuts it; and how `falco -V` prints them (falco.md 1.7).
#include "detector/rules/rule_items.h"

#include "core/text.h"

#include <algorithm>
#include <array>

namespace detector::rules {
namespace {

constexpr std::size_t kSnippetWidth = 160;

}  // namespace

// The line around the place, and a caret under it.
std::string snippet(const Context& context, const std::map<std::string, std::string>& texts) {
  const LoadContext& place = context.path.back();
  const auto found = texts.find(context.path.front().file);
  if (context.condition.empty() && found == texts.end()) return "<No context for file + " + place.file + ">\n";
  const std::string& text = context.condition.empty() ? found->second : context.condition;
  if (text.empty()) return "<No context available>\n";

  // A key without value at the end of a file has its mark past the end.
  std::size_t at = place.offset;
  while (at > 0 && (at >= text.size() || text[at] == '\n')) --at;
  std::size_t from = at, to = at;
  while (from > 0 && text[from] != '\n' && at - from < kSnippetWidth / 2) --from;
  while (to + 1 < text.size() && text[to] != '\n' && to - at < kSnippetWidth / 2) ++to;
  if (text[from] == '\n') ++from;
  if (text[to] == '\n' && to > 0) --to;
  if (to < from || at < from) return "<No context available>\n";
  std::string line = text.substr(from, to - from + 1);
  if (line.empty()) return "<No context available>\n";
  if (at - from >= kSnippetWidth / 2) line.replace(0, 3, "...");
  if (to > at && to - at >= kSnippetWidth / 2) line.replace(line.size() - 3, 3, "...");
  line += '\n';
  if (at - from <= line.size() - 1) line.append(at - from, ' ').append("^\n");
  return line;
}

bool Report::error(std::string code, std::string message, const Context& context) {
  result_.successful = false;
  result_.errors.push_back({std::move(code), std::move(message), context.path, snippet(context, texts_)});
  return false;
}

void Report::warning(std::string code, std::string message, const Context& context) {
  result_.warnings.push_back({std::move(code), std::move(message), context.path, snippet(context, texts_)});
}

}  // namespace detector::rules

namespace detector {
namespace {

struct CodeText {
  std::string_view code, text;
};
constexpr auto kCodes = std::to_array<CodeText>({
  {"LOAD_ERR_FILE_READ", "File read error"},
  {"LOAD_ERR_YAML_PARSE", "YAML parse error"},
  {"LOAD_ERR_YAML_VALIDATE", "Error validating internal structure of YAML file"},
  {"LOAD_ERR_COMPILE_CONDITION", "Error compiling condition"},
  {"LOAD_ERR_COMPILE_OUTPUT", "Error compiling output"},
  {"LOAD_ERR_VALIDATE", "Error validating rule/macro/list/exception objects"},
  {"LOAD_ERR_EXTENSION", "Error in extension item"},
  {"LOAD_UNKNOWN_SOURCE", "Unknown event source"},
  {"LOAD_UNSAFE_NA_CHECK", "Unsafe <NA> comparison in condition"},
  {"LOAD_NO_EVTTYPE", "Condition has no event-type restriction"},
  {"LOAD_UNKNOWN_FILTER", "Unknown field or event-type in condition or output"},
  {"LOAD_UNUSED_MACRO", "Unused macro"},
  {"LOAD_UNUSED_LIST", "Unused list"},
  {"LOAD_UNKNOWN_ITEM", "Unknown rules file item"},
  {"LOAD_DEPRECATED_ITEM", "Used deprecated item"},
  {"LOAD_WARNING_EXTENSION", "Warning in extension item"},
  {"LOAD_APPEND_NO_VALUES", "Overriding/appending with no values"},
  {"LOAD_EXCEPTION_NAME_NOT_UNIQUE", "Multiple exceptions defined with the same name"},
  {"LOAD_INVALID_MACRO_NAME", "Invalid macro name"},
  {"LOAD_INVALID_LIST_NAME", "Invalid list name"},
  {"LOAD_COMPILE_CONDITION", "Warning in rule condition"},
  {"LOAD_UNKNOWN_KEY", "Unknown key"},
});

std::string_view code_text(std::string_view code) {
  const auto found = std::find_if(kCodes.begin(), kCodes.end(), [&](const CodeText& row) { return row.code == code; });
  return found == kCodes.end() ? std::string_view{} : found->text;
}

void append_faults(std::string& to, const std::vector<LoadFault>& faults, std::string_view kind) {
  if (faults.empty()) return;
  to.append("\n").append(std::to_string(faults.size())).append(" ").append(kind).append(":\n");
  for (const LoadFault& fault : faults) {
    bool first = true;
    for (const LoadContext& place : fault.context) {
      to.append(first ? "In " : "    ").append(place.item_type);
      first = false;
      if (!place.item_name.empty()) to.append(" '").append(place.item_name).append("'");
      to.append(": (").append(place.file).append(":").append(std::to_string(place.line)).append(":").append(std::to_string(place.column)).append(")\n");
    }
    to.append("------\n").append(fault.snippet).append("------\n");
    to.append(fault.code).append(" (").append(code_text(fault.code)).append("): ").append(fault.message).append("\n");
  }
}

void append_faults_json(std::string& to, const std::vector<LoadFault>& faults) {
  to += '[';
  for (const LoadFault& fault : faults) {
    if (to.back() != '[') to += ',';
    to.append("{\"code\":").append(core::json_quote(fault.code)).append(",\"codedesc\":").append(core::json_quote(code_text(fault.code)));
    to += ",\"context\":{\"locations\":[";
    for (const LoadContext& place : fault.context) {
      if (to.back() != '[') to += ',';
      to.append("{\"item_name\":").append(core::json_quote(place.item_name)).append(",\"item_type\":").append(core::json_quote(place.item_type));
      to.append(",\"position\":{\"column\":").append(std::to_string(place.column)).append(",\"line\":").append(std::to_string(place.line));
      to.append(",\"name\":").append(core::json_quote(place.file)).append(",\"offset\":").append(std::to_string(place.offset)).append("}}");
    }
    to.append("],\"snippet\":").append(core::json_quote(fault.snippet)).append("},\"message\":").append(core::json_quote(fault.message)).append("}");
  }
  to += ']';
}

}  // namespace

std::string render_text(const std::vector<LoadResult>& files, const std::vector<RuleFile>&) {
  std::string text;
  for (const LoadResult& file : files) {
    if (!text.empty()) text += '\n';
    text.append(file.file).append(": ");
    if (!file.successful) text += "Invalid";
    else text += file.warnings.empty() ? "Ok" : "Ok, with warnings";
    if (file.successful) continue;
    append_faults(text, file.errors, "Errors");
    append_faults(text, file.warnings, "Warnings");
  }
  return text;
}

std::string render_json(const std::vector<LoadResult>& files, const std::vector<RuleFile>&) {
  std::string text = "{\"falco_load_results\":[";
  for (const LoadResult& file : files) {
    if (text.back() != '[') text += ',';
    text += "{\"errors\":";
    append_faults_json(text, file.errors);
    text.append(",\"name\":").append(core::json_quote(file.file)).append(",\"schema_valid\":").append(core::json_quote(file.schema_valid));
    text += ",\"schema_warnings\":[],\"successful\":";
    text += file.successful ? "true" : "false";
    text += ",\"warnings\":";
    append_faults_json(text, file.warnings);
    text += '}';
  }
  text += "]}";
  return text;
}

}  // namespace detector
