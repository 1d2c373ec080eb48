// The shapes of values in rule items. falco.md 1.2-1.4 lists the messages.
#include "detector/rules/item_reader.h"

#include "core/text.h"

#include <algorithm>

namespace detector::rules {

using core::YamlNode;

namespace {

constexpr const char* kAppendDeprecated = "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.";

}  // namespace

std::size_t ItemReader::offset(int line, int column) const {
  std::size_t at = 0;
  for (int i = 1; i < line; ++i) {
    const auto end = file_.text.find('\n', at);
    if (end == std::string::npos) return file_.text.size();
    at = end + 1;
  }
  return std::min(file_.text.size(), at + static_cast<std::size_t>(std::max(0, column - 1)));
}

Context ItemReader::at(const YamlNode& node, std::string type, std::string name, const Context& parent) const {
  Context context = parent;
  const int line = node.place.line, column = node.place.column;
  context.path.push_back({std::move(type), std::move(name), std::max(0, line - 1), std::max(0, column - 1), offset(line, column), file_.name});
  return context;
}

bool ItemReader::read_append(const YamlNode& item, bool& append, const Context& context) {
  if (!read_bool(item, "append", append, context, false)) return false;
  if (append) report_.warning("LOAD_DEPRECATED_ITEM", kAppendDeprecated, context);
  return true;
}

bool ItemReader::read_overrides(const YamlNode& item, const std::set<std::string>& can_append, const std::set<std::string>& can_replace, Overrides& into, const Context& parent) {
  const YamlNode* node = item.find("override");
  if (node == nullptr) return true;
  const Context context = at(item, "overrides", "", parent);
  for (const auto& [key_node, value_node] : node->entries) {
    const std::string& key = key_node.scalar;
    const std::string& how = value_node.scalar;
    const bool may_append = can_append.count(key) > 0, may_replace = can_replace.count(key) > 0;
    const Context place = at(key_node, "overrides", key, context);
    if (how == "append") {
      if (!may_append) return report_.error(kBadYaml, "Key '" + key + "' cannot be appended to, use 'replace' instead", place);
      into.append.insert(key);
    } else if (how == "replace") {
      if (!may_replace) return report_.error(kBadYaml, "Key '" + key + "' cannot be replaced", place);
      into.replace.insert(key);
    } else {
      return report_.error(kBadYaml, "Invalid override operation for key '" + key + "': '" + how + "'. Allowed values are: " +
                           (may_append ? "append " : "") + (may_replace ? "replace " : ""), at(value_node, "value for", key, context));
    }
  }
  return true;
}

// A scalar under a key. Missing is an error when it is required.
const YamlNode* ItemReader::read_scalar(const YamlNode& item, const char* key, const Context& context, bool required, bool& ok) {
  const YamlNode* node = item.find(key);
  ok = true;
  if (node == nullptr) {
    if (required) ok = report_.error(kBadYaml, std::string{"Item has no mapping for key '"} + key + "'", context);
    return nullptr;
  }
  if (node->is_null()) {
    ok = report_.error(kBadYaml, std::string{"Mapping for key '"} + key + "' is empty", context);
    return nullptr;
  }
  const Context place = at(*node, "value for", key, context);
  if (!node->is_scalar()) ok = report_.error(kBadYaml, "Value is not a scalar value", place);
  else if (node->scalar.empty()) ok = report_.error(kBadYaml, "Value must be non-empty", place);
  return ok ? node : nullptr;
}

bool ItemReader::read_text(const YamlNode& item, const char* key, std::string& into, const Context& context, bool required) {
  bool ok = true;
  if (const YamlNode* node = read_scalar(item, key, context, required, ok)) into = node->scalar;
  return ok;
}

bool ItemReader::read_bool(const YamlNode& item, const char* key, bool& into, const Context& context, bool required) {
  bool ok = true;
  const YamlNode* node = read_scalar(item, key, context, required, ok);
  if (node == nullptr) return ok;
  const std::string word = core::ascii_lower(node->scalar);
  const bool yes = word == "true" || word == "yes" || word == "on" || word == "y";
  const bool no = word == "false" || word == "no" || word == "off" || word == "n";
  if (!yes && !no) return report_.error(kBadYaml, "Can't decode YAML scalar value", at(*node, "value for", key, context));
  into = yes;
  return true;
}

bool ItemReader::read_words(const YamlNode& item, const char* key, std::vector<std::string>& into, const Context& context, bool required) {
  const YamlNode* node = item.find(key);
  if (node == nullptr) return !required || report_.error(kBadYaml, std::string{"Item has no mapping for key '"} + key + "'", context);
  const Context place = at(*node, "value for", key, context);
  if (!node->is_sequence()) return report_.error(kBadYaml, "Value is not a sequence", place);
  for (const YamlNode& word : node->items) {
    if (!word.is_scalar()) return report_.error(kBadYaml, "sequence value is not scalar", at(word, "list item", "", place));
    into.push_back(word.scalar);
  }
  return true;
}

bool ItemReader::read_priority(const YamlNode& item, core::Priority& into, const Context& context) {
  std::string text;
  if (!read_text(item, "priority", text, context)) return false;
  const auto priority = core::parse_priority(text);
  if (!priority) return report_.error(kBadYaml, "Invalid priority", at(*item.find("priority"), "rule priority", "", context));
  into = *priority;
  return true;
}

void ItemReader::warn_unknown_keys(const YamlNode& item, std::initializer_list<std::string_view> known, const Context& context) {
  for (const auto& [key, value] : item.entries) {
    if (std::find(known.begin(), known.end(), key.scalar) == known.end()) {
      report_.warning("LOAD_UNKNOWN_KEY", "Unknown key '" + key.scalar + "'. The key will be ignored.", context);
    }
  }
}


// A word or a list of words or of lists.
bool ItemReader::read_entry(const YamlNode& node, const std::string& key, ExceptionEntry& into, const Context& parent) {
  const Context context = at(node, "value for", key, parent);
  if (node.is_scalar()) {
    if (node.scalar.empty()) return report_.error(kBadYaml, "Value must be non-empty", context);
    into = {false, node.scalar, {}};
  }
  if (node.is_sequence()) {
    into.is_list = true;
    for (const YamlNode& child : node.items) {
      ExceptionEntry entry;
      if (!read_entry(child, "", entry, at(child, "exception", "", context))) return false;
      into.items.push_back(std::move(entry));
    }
  }
  return true;
}

bool ItemReader::read_exceptions(const YamlNode& item, std::vector<RuleException>& into, const Context& parent, bool append) {
  const YamlNode* exceptions = item.find("exceptions");
  if (exceptions == nullptr || exceptions->is_null()) return true;
  const Context all = at(*exceptions, "exceptions", "", parent);
  if (!exceptions->is_sequence()) return report_.error(kBadYaml, "Rule exceptions must be a sequence", all);
  for (const YamlNode& node : exceptions->items) {
    const Context unnamed = at(node, "exception", "", all);
    if (!node.is_map()) return report_.error(kBadYaml, "Rule exception must be a mapping", unnamed);
    RuleException exception;
    if (!read_text(node, "name", exception.name, unnamed)) return false;
    exception.context = at(node, "exception", exception.name, parent);
    const bool repeated = std::any_of(into.begin(), into.end(), [&](const RuleException& other) { return other.name == exception.name; });
    if (repeated) {
      report_.warning("LOAD_EXCEPTION_NAME_NOT_UNIQUE", "Multiple definitions of exception '" + exception.name + "' in the same rule", exception.context);
    }
    const YamlNode* fields = node.find("fields");
    if (fields == nullptr && !append) return report_.error(kBadYaml, "Item has no mapping for key 'fields'", exception.context);
    if (fields != nullptr && !read_entry(*fields, "fields", exception.fields, exception.context)) return false;
    const YamlNode* comparisons = node.find("comps");
    if (comparisons != nullptr && !read_entry(*comparisons, "comps", exception.comparisons, exception.context)) return false;
    if (const YamlNode* values = node.find("values")) {
      const Context place = at(*values, "exception values", "", exception.context);
      if (!values->is_sequence()) return report_.error(kBadYaml, "Rule exception values must be a sequence", place);
      for (const YamlNode& value : values->items) {
        ExceptionEntry entry;
        if (!read_entry(value, "", entry, at(value, "exception value", "", place))) return false;
        exception.values.push_back(std::move(entry));
      }
    } else if (append) {
      report_.warning("LOAD_APPEND_NO_VALUES", "Overriding/appending exception with no values", exception.context);
    }
    into.push_back(std::move(exception));
  }
  return true;
}

}  // namespace detector::rules
