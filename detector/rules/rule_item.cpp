// `rule:` items. The keys that are there decide what kind it is; falco.md 1.2 and 1.3.
#include "detector/rules/item_reader.h"

#include "core/text.h"

namespace detector::rules {

using core::YamlNode;

namespace {

constexpr const char* kEnabledDeprecated =
  "The standalone 'enabled' key usage is deprecated. The correct approach requires also a 'replace' entry under the 'override' key (i.e. "
  "'enabled: replace').";

const std::set<std::string> kCanAppend{"condition", "output", "desc", "tags", "exceptions"};
const std::set<std::string> kCanReplace{"condition", "output", "desc", "priority", "tags", "exceptions", "enabled", "warn_evttypes",
                                        "skip-if-unknown-filter", "capture", "capture_duration"};

bool read_tags(ItemReader& reader, const YamlNode& item, std::set<std::string>& tags, const Context& context) {
  std::vector<std::string> words;
  if (!reader.read_words(item, "tags", words, context, false)) return false;
  tags.insert(words.begin(), words.end());
  return true;
}

// Takes `key` out of the keys still to be explained. False with an error when the override names a key that is not there.
bool is_wanted(ItemReader& reader, std::set<std::string>& unexplained, const std::set<std::string>& overrides, const std::string& how,
               const std::string& key, const Context& context, bool& ok) {
  if (!ok || overrides.count(key) == 0) return false;
  if (unexplained.erase(key) == 0) {
    ok = reader.report().error(kBadYaml, "An " + how + " override for '" + key + "' was specified but '" + key + "' is not defined", context);
  }
  return ok;
}

bool read_override(ItemReader& reader, Rulebook& book, const YamlNode& item, const std::string& name, const Overrides& overrides, const Context& context) {
  std::set<std::string> unexplained;
  for (const std::string& key : kCanReplace) if (item.find(key)) unexplained.insert(key);

  for (const bool append : {true, false}) {
    const auto& keys = append ? overrides.append : overrides.replace;
    if (keys.empty()) continue;
    const std::string how = append ? "append" : "replace";
    bool ok = true;
    RuleChange change;
    change.name = name;
    change.context = context;
    const auto wanted = [&](const char* key) { return is_wanted(reader, unexplained, keys, how, key, context, ok); };
    const auto text = [&](const char* key, std::optional<std::string>& into) {
      if (!wanted(key)) return;
      ok = reader.read_text(item, key, into.emplace(), context);
    };
    const auto flag = [&](const char* key, std::optional<bool>& into) {
      if (!wanted(key)) return;
      ok = reader.read_bool(item, key, into.emplace(false), context, true);
    };
    text("condition", change.condition);
    if (wanted("exceptions")) ok = reader.read_exceptions(item, change.exceptions.emplace(), context, append);
    text("output", change.output);
    text("desc", change.description);
    if (wanted("tags")) ok = read_tags(reader, item, change.tags.emplace(), context);
    if (wanted("priority")) ok = reader.read_priority(item, change.priority.emplace(core::Priority::Debug), context);
    flag("enabled", change.enabled);
    flag("warn_evttypes", change.warn_event_types);
    flag("skip-if-unknown-filter", change.skip_if_unknown);
    std::optional<bool> capture;
    std::optional<std::string> duration;
    flag("capture", capture);
    text("capture_duration", duration);
    if (!ok) return false;
    if (!(append ? book.append(std::move(change), reader.report()) : book.replace(std::move(change), reader.report()))) return false;
  }
  for (const std::string& key : unexplained) {
    return reader.report().error(kBadYaml, "Unexpected key '" + key + "': no corresponding entry under 'override' is defined.",
                                 reader.at(*item.find(key), "overrides", key, context));
  }
  return true;
}

bool read_append(ItemReader& reader, Rulebook& book, const YamlNode& item, const std::string& name, const Context& context) {
  RuleChange change;
  change.name = name;
  change.context = context;
  if (item.find("condition") && !reader.read_text(item, "condition", change.condition.emplace(), context)) return false;
  if (item.find("exceptions") && !reader.read_exceptions(item, change.exceptions.emplace(), context, true)) return false;
  if (item.find("output") && !reader.read_text(item, "output", change.output.emplace(), context)) return false;
  if (item.find("desc") && !reader.read_text(item, "desc", change.description.emplace(), context)) return false;
  if (item.find("tags") && !read_tags(reader, item, change.tags.emplace(), context)) return false;
  return book.append(std::move(change), reader.report());
}

bool read_new(ItemReader& reader, Rulebook& book, const YamlNode& item, const std::string& name, const Context& context) {
  RuleItem rule;
  rule.name = name;
  rule.context = context;
  if (!item.find("condition") && !item.find("output") && !item.find("desc") && !item.find("priority")) {
    if (!reader.read_bool(item, "enabled", rule.enabled, context, true)) return false;
    reader.report().warning("LOAD_DEPRECATED_ITEM", kEnabledDeprecated, context);
    return book.toggle(name, rule.enabled, context, reader.report());
  }
  if (!reader.read_text(item, "condition", rule.condition, context)) return false;
  rule.condition_context = reader.at(*item.find("condition"), "rule condition", "", context);
  if (!reader.read_text(item, "output", rule.output, context)) return false;
  rule.output_context = reader.at(*item.find("output"), "rule output", "", context);
  rule.output = core::trim(rule.output);
  if (!reader.read_text(item, "desc", rule.description, context)) return false;
  if (!reader.read_priority(item, rule.priority, context)) return false;
  if (!reader.read_text(item, "source", rule.source, context, false)) return false;
  if (!reader.read_bool(item, "enabled", rule.enabled, context, false)) return false;
  bool capture = false;
  std::string duration;
  if (!reader.read_bool(item, "capture", capture, context, false) || !reader.read_text(item, "capture_duration", duration, context, false)) return false;
  if (!reader.read_bool(item, "warn_evttypes", rule.warn_event_types, context, false)) return false;
  if (!reader.read_bool(item, "skip-if-unknown-filter", rule.skip_if_unknown, context, false)) return false;
  if (!read_tags(reader, item, rule.tags, context)) return false;
  if (!reader.read_exceptions(item, rule.exceptions, context, false)) return false;
  return book.define(std::move(rule), reader.report());
}

}  // namespace

bool read_rule(ItemReader& reader, Rulebook& book, const YamlNode& item, const Context& parent) {
  std::string name;
  if (!reader.read_text(item, "rule", name, reader.at(item, "rule", "", parent))) return false;
  const Context context = reader.at(item, "rule", name, parent);
  bool append = false;
  Overrides overrides;
  if (!reader.read_append(item, append, context)) return false;
  if (!reader.read_overrides(item, kCanAppend, kCanReplace, overrides, context)) return false;
  if (append && overrides.any()) return reader.report().error(kBadYaml, kAppendAndOverride, context);
  reader.warn_unknown_keys(item, {"rule", "condition", "output", "desc", "priority", "source", "enabled", "capture", "capture_duration",
                                  "warn_evttypes", "skip-if-unknown-filter", "tags", "exceptions", "override", "append"}, context);
  if (overrides.any()) return read_override(reader, book, item, name, overrides, context);
  return append ? read_append(reader, book, item, name, context) : read_new(reader, book, item, name, context);
}

}  // namespace detector::rules
