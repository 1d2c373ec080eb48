// Definition, appending, replacing: how items of later files change earlier ones. falco.md 1.2-1.4 and its quirks: a redefinition keeps
// the first one's place, an append moves what the item may refer to.
#include "detector/rules/rule_items.h"

#include "detector/event/field.h"
#include "detector/rules/condition.h"
#include "detector/rules/field_name.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace detector::rules {
namespace {

constexpr const char* kInvalid = "LOAD_ERR_VALIDATE";
constexpr std::array kEngineVersion{0u, 62u, 0u};

// Plugins whose work is built in; rule files ask for them.
const std::array<PluginVersion, 3> kBuiltIn{{{"container", "0.7.0"}, {"json", "0.7.4"}, {"k8saudit", "0.18.0"}}};

template <class Item>
Item* find(std::vector<Item>& items, const std::string& name) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

template <class Item>
void define_in(std::vector<Item>& items, Item item, unsigned number) {
  item.index = item.visibility = number;
  Item* previous = find(items, item.name);
  if (previous == nullptr) {
    items.push_back(std::move(item));
    return;
  }
  item.index = previous->index;
  *previous = std::move(item);
}

std::optional<std::array<unsigned, 3>> parse_version(const std::string& text) {
  std::array<unsigned, 3> version{};
  int used = 0;
  if (std::sscanf(text.c_str(), "%u.%u.%u%n", &version[0], &version[1], &version[2], &used) != 3) return std::nullopt;
  return version;
}

// Same major, and at least as new.
bool satisfies(const std::array<unsigned, 3>& have, const std::array<unsigned, 3>& wanted) { return have[0] == wanted[0] && have >= wanted; }

bool check_exception(RuleException& exception, bool known_source, Report& report) {
  const auto fault = [&](std::string what) { return report.error(kInvalid, std::move(what), exception.context); };
  const auto unknown_field = [&](const std::string& name) { return known_source && !is_known_field(name); };
  if (!exception.fields.is_list) {
    if (!exception.comparisons.is_given()) exception.comparisons = {false, "in", {}};
    if (exception.comparisons.is_list) return fault("Fields and comps must both be strings");
    const std::string& comparison = exception.comparisons.item;
    const auto blank = comparison.rfind(' ');
    const std::string last = blank == std::string::npos ? "" : comparison.substr(blank + 1);
    const bool modified = last == "oneof" || last == "anyof" || last == "allof";
    if (!is_list_operator(comparison) && !modified) {
      return fault("When fields is a single value, comps must be one of (in, pmatch, intersects) or a modifier operator (e.g. startswith oneof)");
    }
    if (unknown_field(exception.fields.item)) return fault("'" + exception.fields.item + "' is not a supported filter field");
    return true;
  }
  if (!exception.comparisons.is_given()) {
    exception.comparisons.is_list = true;
    exception.comparisons.items.assign(exception.fields.items.size(), {false, "=", {}});
  }
  if (exception.fields.items.size() != exception.comparisons.items.size()) return fault("Fields and comps lists must have equal length");
  for (const ExceptionEntry& entry : exception.comparisons.items) {
    const auto blank = entry.item.find(' ');
    const std::string modifier = blank == std::string::npos ? "" : entry.item.substr(blank + 1);
    const bool modified = modifier == "oneof" || modifier == "anyof" || modifier == "allof";
    if (!is_operator(modified ? entry.item.substr(0, blank) : entry.item)) return fault("'" + entry.item + "' is not a supported comparison operator");
  }
  for (const ExceptionEntry& entry : exception.fields.items) {
    if (unknown_field(entry.item)) return fault("'" + entry.item + "' is not a supported filter field");
  }
  return true;
}

bool append_exception(RuleItem& rule, RuleException& added, Report& report) {
  const auto fault = [&](const char* what) { return report.error(kInvalid, what, added.context); };
  RuleException* previous = find(rule.exceptions, added.name);
  if (previous == nullptr) {
    if (!added.fields.is_given()) return fault("Rule exception must have fields property with a list of fields");
    if (added.values.empty()) return fault("Rule exception must have values property with a list of values");
    if (!check_exception(added, !rule.unknown_source, report)) return false;
    rule.exceptions.push_back(std::move(added));
    return true;
  }
  if (added.fields.is_given()) return fault("Can not append exception fields to existing exception, only values");
  if (added.comparisons.is_given()) return fault("Can not append exception comps to existing exception, only values");
  previous->values.insert(previous->values.end(), added.values.begin(), added.values.end());
  return true;
}

void append_text(std::string& to, const std::optional<std::string>& more) {
  if (more && !more->empty()) to.append(" ").append(*more);
}

template <class T>
void replace_value(T& to, std::optional<T>& by) {
  if (by) to = std::move(*by);
}

}  // namespace

bool RuleChange::has_any() const {
  return condition || output || description || tags || exceptions || priority || enabled || warn_event_types || skip_if_unknown;
}

bool is_valid_version(const std::string& version) { return parse_version(version).has_value(); }

bool Rulebook::require_engine(const std::string& version, const Context& context, Report& report) {
  const auto wanted = parse_version(version);
  if (wanted && satisfies(kEngineVersion, *wanted)) return true;
  return report.error(kInvalid, "Rules require engine version " + version + ", but engine version is 0.62.0", context);
}

bool Rulebook::require_plugin(std::vector<PluginVersion> alternatives, const Context& context, Report& report) {
  std::set<std::string> names;
  for (const PluginVersion& plugin : alternatives) {
    if (!is_valid_version(plugin.version)) {
      return report.error(kInvalid, "Invalid required version '" + plugin.version + "' for plugin '" + plugin.name + "'", context);
    }
    if (!names.insert(plugin.name).second) {
      return report.error(kInvalid, "Defined multiple alternative version requirements for plugin '" + plugin.name + "'", context);
    }
  }
  plugins_.push_back(std::move(alternatives));
  return true;
}

bool Rulebook::check_plugins(Report& report, const Context& context) const {
  for (const auto& alternatives : plugins_) {
    const bool satisfied = std::any_of(alternatives.begin(), alternatives.end(), [](const PluginVersion& wanted) {
      return std::any_of(kBuiltIn.begin(), kBuiltIn.end(), [&](const PluginVersion& have) {
        return have.name == wanted.name && satisfies(*parse_version(have.version), *parse_version(wanted.version));
      });
    });
    if (satisfied) continue;
    std::string names;
    for (const PluginVersion& plugin : alternatives) {
      names.append(names.empty() ? "" : ", ").append(plugin.name).append(" (>= ").append(plugin.version).append(")");
    }
    return report.error(kInvalid, "Plugin requirement not satisfied, must load one of: " + names, context);
  }
  return true;
}

void Rulebook::define(ListItem item) { define_in(lists_, std::move(item), next_++); }
void Rulebook::define(MacroItem item) { define_in(macros_, std::move(item), next_++); }

bool Rulebook::append(const ListItem& item, Report& report) {
  ListItem* previous = find(lists_, item.name);
  if (previous == nullptr) {
    return report.error(kInvalid, "List uses 'append' or 'override.items: append' but no list by that name already exists", item.context);
  }
  previous->items.insert(previous->items.end(), item.items.begin(), item.items.end());
  previous->visibility = next_++;
  return true;
}

bool Rulebook::append(const MacroItem& item, Report& report) {
  MacroItem* previous = find(macros_, item.name);
  if (previous == nullptr) {
    return report.error(kInvalid, "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists", item.context);
  }
  previous->condition.append(" ").append(item.condition);
  previous->visibility = next_++;
  return true;
}

bool Rulebook::define(RuleItem item, Report& report) {
  const RuleItem* previous = find(rules_, item.name);
  if (previous != nullptr && previous->source != item.source) {
    return report.error(kInvalid, "Rule has been re-defined with a different source", item.context);
  }
  if (item.source != "syscall") {
    item.unknown_source = true;
    report.warning("LOAD_UNKNOWN_SOURCE", "Unknown source " + item.source + ", skipping", item.context);
  }
  for (RuleException& exception : item.exceptions) {
    if (!exception.fields.is_given()) {
      return report.error(kInvalid, "Rule exception item must have fields property with a list of fields", exception.context);
    }
    if (!check_exception(exception, !item.unknown_source, report)) return false;
  }
  define_in(rules_, std::move(item), next_++);
  return true;
}

bool Rulebook::append(RuleChange change, Report& report) {
  RuleItem* rule = find(rules_, change.name);
  if (rule == nullptr) {
    return report.error(kInvalid, "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists", change.context);
  }
  if (!change.has_any()) return report.error(kInvalid, "Appended rule must have exceptions or condition property", change.context);
  append_text(rule->condition, change.condition);
  append_text(rule->output, change.output);
  append_text(rule->description, change.description);
  if (change.tags) rule->tags.insert(change.tags->begin(), change.tags->end());
  if (change.exceptions) {
    for (RuleException& exception : *change.exceptions) {
      if (!append_exception(*rule, exception, report)) return false;
    }
  }
  rule->visibility = next_++;
  return true;
}

bool Rulebook::replace(RuleChange change, Report& report) {
  RuleItem* rule = find(rules_, change.name);
  if (rule == nullptr) {
    return report.error(kInvalid, "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists", change.context);
  }
  if (!change.has_any()) return report.error(kInvalid, "The rule must have at least one field that can be replaced", change.context);
  replace_value(rule->condition, change.condition);
  replace_value(rule->output, change.output);
  replace_value(rule->description, change.description);
  replace_value(rule->tags, change.tags);
  if (change.exceptions) {
    for (RuleException& exception : *change.exceptions) {
      if (!exception.fields.is_given()) {
        return report.error(kInvalid, "Rule exception item must have fields property with a list of fields", exception.context);
      }
      if (!check_exception(exception, !rule->unknown_source, report)) return false;
    }
  }
  replace_value(rule->exceptions, change.exceptions);
  replace_value(rule->priority, change.priority);
  replace_value(rule->enabled, change.enabled);
  replace_value(rule->warn_event_types, change.warn_event_types);
  replace_value(rule->skip_if_unknown, change.skip_if_unknown);
  rule->visibility = next_++;
  return true;
}

bool Rulebook::toggle(const std::string& name, bool enabled, const Context& context, Report& report) {
  RuleItem* rule = find(rules_, name);
  if (rule == nullptr) return report.error(kInvalid, "Rule has 'enabled' key but no rule by that name already exists", context);
  rule->enabled = enabled;
  return true;
}

}  // namespace detector::rules
