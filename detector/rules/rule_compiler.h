// The whole rulebook, compiled: lists put into texts, texts parsed, macros put into trees, trees checked and joined to one program.
#pragma once

#include "detector/rules/output_format.h"
#include "detector/rules/program.h"
#include "detector/rules/rule_items.h"

#include <vector>

namespace detector::rules {

struct CompiledRule {
  std::size_t item = 0;                  // index into Rulebook::rules()
  NodeId root = 0;
  OutputFormat output;
  std::vector<bool> event_types;         // by EventType
};

struct Compiled {
  bool ok = false;                       // false: the error is in the report
  Program program;
  OutputFormat time;                     // the prefix of every alert
  std::vector<CompiledRule> rules;       // those that can run, in load order
};

// Warnings and the first error go to the report, as Falco gives them after each file.
Compiled compile_rules(const Rulebook& book, const EngineOptions& options, Report& report);

// The list's items in place of its name wherever the name stands between blanks, parentheses, commas or `=`, even in quotes (Falco's
// way, and rules depend on it). True: it stood somewhere.
bool substitute_list(std::string& condition, const std::string& name, const std::vector<std::string>& items);
// The condition with its exceptions, as text. False: the values do not fit; the error is in the report.
bool add_exceptions(const RuleItem& rule, std::string& condition, Report& report);

struct EventTypeSet {
  std::vector<bool> types;               // by EventType
  std::size_t count = 0;
};
// Falco's set looks at evt.type with = != in alone, and its warning of too many types counts that one; ours looks at syscall.type and
// intersects too.
enum class TypeView { Narrowest, Falco };
// Which event types can make the (resolved) condition true.
EventTypeSet event_types_of(const Expression& condition, TypeView view = TypeView::Narrowest);

}  // namespace detector::rules
