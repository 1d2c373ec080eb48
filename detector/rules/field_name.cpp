// The rules by which Falco takes field names apart, argument and all; the messages are its own.
#include "detector/rules/field_name.h"

#include "detector/event/field_rows.h"

#include <algorithm>
#include <cctype>

namespace detector::rules {
namespace {

FieldLookup refuse(std::string why) { return {std::nullopt, std::move(why)}; }
FieldLookup unknown(std::string_view text) { return refuse("filter_check called with nonexistent field " + std::string{text}); }

bool is_number(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// The longest row name at the head of the text.
std::optional<FieldId> longest_name(std::string_view text) {
  std::optional<FieldId> best;
  std::size_t length = 0;
  const auto rows = field_table();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].name.size() <= length || text.substr(0, rows[i].name.size()) != rows[i].name) continue;
    best = static_cast<FieldId>(i);
    length = rows[i].name.size();
  }
  return best;
}

// evt.arg.NAME, evt.arg[N], evt.rawarg.NAME.
FieldLookup find_parameter(FieldId id, std::string_view text) {
  const FieldInfo& info = field_table()[id];
  const std::string_view rest = text.substr(info.name.size());
  const bool raw = info.name == "evt.rawarg";
  if (rest.substr(0, 1) == "[") {
    if (raw) return refuse("evt.arg fields must be expressed explicitly");
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return refuse("filter syntax error: " + std::string{text});
    const std::string_view index = rest.substr(1, end - 1);
    if (!is_number(index)) return refuse(std::string{index} + " is not a valid number");
    return {FieldRef{id, std::string{index}, info.type, info.name.size() + end + 1}, {}};
  }
  if (rest.substr(0, 1) != ".") return refuse("filter syntax error: " + std::string{text});
  const std::string_view name = longest_param_name(rest.substr(1));
  if (name.empty()) return refuse("unknown event argument " + std::string{rest.substr(1)});
  const auto known = find_param_name(name);
  return {FieldRef{id, std::string{name}, raw ? known->raw_type : info.type, info.name.size() + 1 + name.size()}, {}};
}

bool is_plugin_field(std::string_view name) { return name.substr(0, 10) == "container." || name.substr(0, 4) == "k8s."; }

}  // namespace

FieldLookup find_field_prefix(std::string_view text) {
  const auto id = longest_name(text);
  if (!id) return unknown(text);
  const FieldInfo& info = field_table()[*id];
  if (info.name == "evt.arg" || info.name == "evt.rawarg") return find_parameter(*id, text);

  FieldRef field{*id, {}, info.type, info.name.size()};
  const std::string_view rest = text.substr(info.name.size());
  if (rest.substr(0, 1) != "[" || (info.argument == FieldArgument::None && !is_plugin_field(info.name))) {
    if (info.argument != FieldArgument::Required) return {field, {}};
    if (is_plugin_field(info.name)) {
      return refuse("filter " + std::string{text} + " " + std::string{info.name} + " requires an argument but none provided");
    }
    return refuse("filter syntax error: " + std::string{text});
  }
  const auto end = rest.find(']');
  if (end == std::string_view::npos) {
    if (is_plugin_field(info.name)) return refuse("filter " + std::string{text} + " " + std::string{info.name} + " has a badly-formatted argument");
    return unknown(text);
  }
  field.argument = rest.substr(1, end - 1);
  field.length += end + 1;
  if (info.argument == FieldArgument::None) {
    return refuse("filter " + std::string{text} + " " + std::string{info.name} + " does not allow nor require an argument but one is provided: " + field.argument);
  }
  if (argument_kind(*id) == ArgumentKind::Index && !is_number(field.argument)) return unknown(text);
  return {field, {}};
}

FieldLookup find_whole_field(std::string_view text) {
  FieldLookup found = find_field_prefix(text);
  if (found.field && found.field->length != text.size()) return unknown(text);
  return found;
}

bool is_known_field(std::string_view text) {
  if (find_whole_field(text).field) return true;
  const auto id = find_field(text);      // a required argument may be left out here
  return id.has_value();
}

std::string_view type_name(FieldType type, unsigned bits) {
  switch (type) {
    case FieldType::Text: case FieldType::EventName: return "CHARBUF";
    case FieldType::Path: return "FSPATH";
    case FieldType::Bytes: return "BYTEBUF";
    case FieldType::Bool: return "BOOL";
    case FieldType::Int: return bits == 16 ? "INT16" : bits == 32 ? "INT32" : "INT64";
    case FieldType::Uint: return bits == 16 ? "UINT16" : bits == 32 ? "UINT32" : "UINT64";
    case FieldType::Ip: return "IPADDR";
    case FieldType::Net: return "IPNET";
    case FieldType::Port: return "PORT";
    case FieldType::RelTime: return "RELTIME";
    case FieldType::AbsTime: return "ABSTIME";
    case FieldType::Double: return "DOUBLE";
    case FieldType::Dynamic: return "DYN";
  }
  return "NONE";
}

}  // namespace detector::rules
