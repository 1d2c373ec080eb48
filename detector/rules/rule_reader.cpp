// One rule file into the rulebook: YAML items, in order, until the first error. Messages and their places are Falco's (falco.md 1.1-1.4).
#include "detector/rules/item_reader.h"

#include <algorithm>
#include <charconv>
#include <cctype>

namespace detector::rules {
namespace {

using core::YamlNode;

bool is_identifier(const std::string& name) {
  if (name.empty() || std::isalpha(static_cast<unsigned char>(name[0])) == 0) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}
bool is_bare(const std::string& name) { return !name.empty() && name.find_first_of("()\"'=, \t\n\v\f\r") == std::string::npos; }

class Reader {
 public:
  Reader(const RuleFile& file, Rulebook& book, Report& report) : file_(file), book_(book), report_(report), values_(file, report) {}

  bool read() {
    Context whole{{LoadContext{"rules content", "", 0, 0, 0, file_.name}}, {}};
    core::Diagnostics faults;
    const std::vector<YamlNode> documents = core::parse_yaml(file_.name, file_.text, faults, core::DuplicateKeys::Keep);
    if (faults.has_errors()) {
      const core::Diagnostic& fault = faults.all().front();
      const int line = fault.place.line, column = fault.place.column;
      constexpr std::string_view kOurs = "not YAML: ";     // core's own beginning; Falco shows the library's sentence alone
      const std::string what = fault.what.compare(0, kOurs.size(), kOurs) == 0 ? fault.what.substr(kOurs.size()) : fault.what;
      whole.path.push_back({"value for", "", std::max(0, line - 1), std::max(0, column - 1), values_.offset(line, column), file_.name});
      return report_.error("LOAD_ERR_YAML_PARSE", "yaml-cpp: error at line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what, whole);
    }
    for (const YamlNode& document : documents) {
      if (document.is_null()) continue;
      if (!document.is_map() && !document.is_sequence()) return report_.error(kBadYaml, "Rules content is not yaml", whole);
      if (!document.is_sequence()) return report_.error(kBadYaml, "Rules content is not yaml array of objects", whole);
      for (const YamlNode& item : document.items) {
        if (!item.is_null() && !read_item(item, whole)) return false;
      }
    }
    return true;
  }

 private:
  bool read_item(const YamlNode& item, const Context& parent) {
    if (!item.is_map()) {
      return report_.error(kBadYaml, "Unexpected element type. Each element should be a yaml associative array.", values_.at(item, "rules content item", "", parent));
    }
    if (item.find("required_engine_version")) return read_engine_version(item, parent);
    if (item.find("required_plugin_versions")) return read_plugin_versions(*item.find("required_plugin_versions"), parent);
    if (item.find("list")) return read_list(item, parent);
    if (item.find("macro")) return read_macro(item, parent);
    if (item.find("rule")) return read_rule(values_, book_, item, parent);
    report_.warning("LOAD_UNKNOWN_ITEM", "Unknown top level item", values_.at(item, "rules content item", "", parent));
    return true;
  }

  bool read_engine_version(const YamlNode& item, const Context& parent) {
    const Context context = values_.at(item, "required_engine_version", "", parent);
    std::string version;
    if (!values_.read_text(item, "required_engine_version", version, context)) return false;
    unsigned number = 0;
    const auto parsed = std::from_chars(version.data(), version.data() + version.size(), number);
    if (parsed.ec == std::errc{} && parsed.ptr == version.data() + version.size()) version = "0." + std::to_string(number) + ".0";
    if (!is_valid_version(version)) {
      return report_.error(kBadYaml, "Unable to parse engine version '" + version + "' as a semver string. Expected \"x.y.z\" semver format.", context);
    }
    return book_.require_engine(version, context, report_);
  }

  bool read_plugin_versions(const YamlNode& versions, const Context& parent) {
    const Context context = values_.at(versions, "required plugin versions", "", parent);
    if (!versions.is_sequence()) return report_.error(kBadYaml, "Value of required_plugin_versions must be a sequence", context);
    for (const YamlNode& plugin : versions.items) {
      const Context unnamed = values_.at(plugin, "required plugin versions entry", "", context);
      if (!plugin.is_map()) return report_.error(kBadYaml, "Plugin version must be a mapping", unnamed);
      std::vector<PluginVersion> alternatives(1);
      if (!values_.read_text(plugin, "name", alternatives[0].name, unnamed)) return false;
      const Context named = values_.at(plugin, "required plugin versions entry", alternatives[0].name, context);
      if (!values_.read_text(plugin, "version", alternatives[0].version, named)) return false;
      if (const YamlNode* others = plugin.find("alternatives")) {
        if (!others->is_sequence()) return report_.error(kBadYaml, "Value of plugin version alternatives must be a sequence", named);
        for (const YamlNode& other : others->items) {
          const Context place = values_.at(other, "required plugin versions alternative", "", named);
          if (!other.is_map()) return report_.error(kBadYaml, "Plugin version alternative must be a mapping", place);
          PluginVersion alternative;
          if (!values_.read_text(other, "name", alternative.name, place) || !values_.read_text(other, "version", alternative.version, place)) return false;
          alternatives.push_back(std::move(alternative));
        }
      }
      if (!book_.require_plugin(std::move(alternatives), named, report_)) return false;
    }
    return true;
  }

  bool read_list(const YamlNode& item, const Context& parent) {
    ListItem list;
    if (!values_.read_text(item, "list", list.name, values_.at(item, "list", "", parent))) return false;
    list.context = values_.at(item, "list", list.name, parent);
    if (!is_bare(list.name)) {
      report_.warning("LOAD_INVALID_LIST_NAME", "List has an invalid name. List names should match a regular expression: ([^()\"'[:space:]=,]+)", list.context);
    }
    if (!values_.read_words(item, "items", list.items, list.context, true)) return false;
    bool append = false;
    Overrides overrides;
    if (!values_.read_append(item, append, list.context) || !values_.read_overrides(item, {"items"}, {"items"}, overrides, list.context)) return false;
    if (append && overrides.any()) return report_.error(kBadYaml, kAppendAndOverride, list.context);
    values_.warn_unknown_keys(item, {"list", "items", "append", "override"}, list.context);
    if (append || overrides.append.count("items") > 0) return book_.append(list, report_);
    book_.define(std::move(list));
    return true;
  }

  bool read_macro(const YamlNode& item, const Context& parent) {
    MacroItem macro;
    if (!values_.read_text(item, "macro", macro.name, values_.at(item, "macro", "", parent))) return false;
    macro.context = values_.at(item, "macro", macro.name, parent);
    if (!is_identifier(macro.name)) {
      report_.warning("LOAD_INVALID_MACRO_NAME", "Macro has an invalid name. Macro names should match a regular expression: ([a-zA-Z]+[a-zA-Z0-9_]*)", macro.context);
    }
    if (!values_.read_text(item, "condition", macro.condition, macro.context)) return false;
    macro.condition_context = values_.at(*item.find("condition"), "macro condition", "", macro.context);
    bool append = false;
    Overrides overrides;
    if (!values_.read_append(item, append, macro.context) || !values_.read_overrides(item, {"condition"}, {"condition"}, overrides, macro.context)) return false;
    if (append && overrides.any()) return report_.error(kBadYaml, kAppendAndOverride, macro.context);
    values_.warn_unknown_keys(item, {"macro", "condition", "append", "override"}, macro.context);
    if (append || overrides.append.count("condition") > 0) return book_.append(macro, report_);
    book_.define(std::move(macro));
    return true;
  }

  const RuleFile& file_;
  Rulebook& book_;
  Report& report_;
  ItemReader values_;
};

}  // namespace

bool read_rules(const RuleFile& file, Rulebook& book, Report& report) { return Reader{file, book, report}.read(); }

}  // namespace detector::rules
