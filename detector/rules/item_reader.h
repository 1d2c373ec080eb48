// How the values of a rule file's items are read: one function a shape, each with Falco's message and place when the shape is wrong.
#pragma once

#include "core/yaml.h"
#include "detector/rules/rule_items.h"

#include <initializer_list>

namespace detector::rules {

inline constexpr const char* kBadYaml = "LOAD_ERR_YAML_VALIDATE";
inline constexpr const char* kAppendAndOverride =
  "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.";

struct Overrides {
  std::set<std::string> append, replace;
  bool any() const { return !append.empty() || !replace.empty(); }
};

// Every read_* leaves `into` alone when the key is not there and need not be; false: the error is in the report.
class ItemReader {
 public:
  ItemReader(const RuleFile& file, Report& report) : file_(file), report_(report) {}

  const RuleFile& file() const { return file_; }
  Report& report() { return report_; }
  Context at(const core::YamlNode& node, std::string type, std::string name, const Context& parent) const;
  std::size_t offset(int line, int column) const;      // both from 1

  bool read_text(const core::YamlNode& item, const char* key, std::string& into, const Context& context, bool required = true);
  bool read_bool(const core::YamlNode& item, const char* key, bool& into, const Context& context, bool required);
  bool read_words(const core::YamlNode& item, const char* key, std::vector<std::string>& into, const Context& context, bool required);
  bool read_priority(const core::YamlNode& item, core::Priority& into, const Context& context);
  bool read_append(const core::YamlNode& item, bool& append, const Context& context);
  bool read_overrides(const core::YamlNode& item, const std::set<std::string>& can_append, const std::set<std::string>& can_replace,
                      Overrides& into, const Context& parent);
  bool read_exceptions(const core::YamlNode& item, std::vector<RuleException>& into, const Context& parent, bool append);
  void warn_unknown_keys(const core::YamlNode& item, std::initializer_list<std::string_view> known, const Context& context);

 private:
  const core::YamlNode* read_scalar(const core::YamlNode& item, const char* key, const Context& context, bool required, bool& ok);
  bool read_entry(const core::YamlNode& node, const std::string& key, ExceptionEntry& into, const Context& parent);

  const RuleFile& file_;
  Report& report_;
};

// A `rule:` item, of whatever kind: new, appended, overriding, or only switching one on or off.
bool read_rule(ItemReader& reader, Rulebook& book, const core::YamlNode& item, const Context& parent);

}  // namespace detector::rules
