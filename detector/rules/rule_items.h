// What rule files hold once read, and where each thing stood: lists, macros and rules in one rulebook that later files add to.
#pragma once

#include "detector/rules/engine.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace detector::rules {

// Where something stands: from the file down to it. `condition`: for places inside a condition, whose text the snippet shows.
struct Context {
  std::vector<LoadContext> path;
  std::string condition;
};

// Collects one file's verdict. Texts of all files so far, because a fault may lie in an earlier one.
class Report {
 public:
  Report(LoadResult& result, const std::map<std::string, std::string>& texts) : result_(result), texts_(texts) {}
  bool error(std::string code, std::string message, const Context& context);      // always false, to return at once
  void warning(std::string code, std::string message, const Context& context);

 private:
  LoadResult& result_;
  const std::map<std::string, std::string>& texts_;
};
std::string snippet(const Context& context, const std::map<std::string, std::string>& texts);

struct ListItem {
  std::string name;
  std::vector<std::string> items;
  Context context;
  unsigned index = 0, visibility = 0;    // order of first definition; of the last change
};

struct MacroItem {
  std::string name, condition;
  Context context, condition_context;
  unsigned index = 0, visibility = 0;
};

struct ExceptionEntry {                  // a word or a list of such
  bool is_list = false;
  std::string item;
  std::vector<ExceptionEntry> items;
  bool is_given() const { return is_list ? !items.empty() : !item.empty(); }
};

struct RuleException {
  std::string name;
  ExceptionEntry fields, comparisons;
  std::vector<ExceptionEntry> values;
  Context context;
};

struct RuleItem {
  std::string name, condition, output, description, source = "syscall";
  core::Priority priority = core::Priority::Debug;
  bool enabled = true, warn_event_types = true, skip_if_unknown = false, unknown_source = false;
  std::set<std::string> tags;
  std::vector<RuleException> exceptions;
  Context context, condition_context, output_context;
  unsigned index = 0, visibility = 0;
};

// What an append or an override changes.
struct RuleChange {
  std::string name;
  Context context;
  std::optional<std::string> condition, output, description;
  std::optional<Context> condition_context, output_context;    // override replace: the text now stands there
  std::optional<std::set<std::string>> tags;
  std::optional<std::vector<RuleException>> exceptions;
  std::optional<core::Priority> priority;
  std::optional<bool> enabled, warn_event_types, skip_if_unknown;
  bool has_any() const;
};

struct PluginVersion {
  std::string name, version;
};

// By name and in order of first definition. Each change that cannot be made is one error in the report, and false.
class Rulebook {
 public:
  bool require_engine(const std::string& version, const Context& context, Report& report);
  bool require_plugin(std::vector<PluginVersion> alternatives, const Context& context, Report& report);
  void define(ListItem item);
  bool append(const ListItem& item, Report& report);
  void define(MacroItem item);
  bool append(const MacroItem& item, Report& report);
  bool define(RuleItem item, Report& report);
  bool append(RuleChange change, Report& report);
  bool replace(RuleChange change, Report& report);
  bool toggle(const std::string& name, bool enabled, const Context& context, Report& report);
  bool check_plugins(Report& report, const Context& context) const;

  const std::vector<ListItem>& lists() const { return lists_; }
  const std::vector<MacroItem>& macros() const { return macros_; }
  const std::vector<RuleItem>& rules() const { return rules_; }

 private:
  std::vector<ListItem> lists_;
  std::vector<MacroItem> macros_;
  std::vector<RuleItem> rules_;
  std::vector<std::vector<PluginVersion>> plugins_;
  unsigned next_ = 0;
};

bool is_valid_version(const std::string& version);   // "x.y.z"

// Reads one file's items into the book. False: an error is in the report, and reading stopped there.
bool read_rules(const RuleFile& file, Rulebook& book, Report& report);

}  // namespace detector::rules
