// What happens to conditions while they are still text: lists and exceptions. Doing it on text has quirks (a list name in quotes is
// replaced too); rules in the field depend on them, so they are Falco's. falco.md 1.4, 1.5.
#include "detector/rules/rule_compiler.h"

namespace detector::rules {
namespace {

constexpr std::string_view kBlanks = " \t\n\r", kDelimiters = " \t\n\r(),=";

// Words with blanks need quotes to stay one value.
std::string quoted(const std::string& word) {
  if (word.find(' ') == std::string::npos || word[0] == '"' || word[0] == '\'') return word;
  return '"' + word + '"';
}

std::string joined(const std::vector<ExceptionEntry>& entries) {
  std::string text;
  for (const ExceptionEntry& entry : entries) text.append(text.empty() ? "" : ", ").append(quoted(entry.item));
  return text;
}

bool is_listing(const std::string& comparison) {
  const auto blank = comparison.rfind(' ');
  const std::string last = blank == std::string::npos ? comparison : comparison.substr(blank + 1);
  return is_list_operator(comparison) || last == "oneof" || last == "anyof" || last == "allof";
}

// "(f1 = v1 and f2 in (v2))" for one tuple of values.
std::string tuple_text(const RuleException& exception, const ExceptionEntry& tuple) {
  std::string text = "(";
  for (std::size_t i = 0; i < exception.fields.items.size(); ++i) {
    const std::string& comparison = exception.comparisons.items[i].item;
    const ExceptionEntry& value = tuple.items[i];
    std::string right = value.is_list ? "(" + joined(value.items) + ")" : is_listing(comparison) ? value.item : quoted(value.item);
    if (!value.is_list && is_listing(comparison) && right[0] != '(') right = "(" + right + ")";
    text.append(i > 0 ? " and " : "").append(" ").append(exception.fields.items[i].item).append(" ").append(comparison).append(" ").append(right);
  }
  return text + ")";
}

}  // namespace

bool substitute_list(std::string& condition, const std::string& name, const std::vector<std::string>& items) {
  if (name.empty()) return false;
  const auto is_in = [&](std::size_t at, std::string_view set) { return set.find(condition[at]) != std::string_view::npos; };
  bool used = false;
  std::size_t start = condition.find(name);
  while (start != std::string::npos) {
    std::size_t end = start + name.size();
    const bool stands_alone = (start == 0 || is_in(start - 1, kDelimiters)) && (end >= condition.size() || is_in(end, kDelimiters));
    if (stands_alone) {
      while (start > 0 && is_in(start - 1, kBlanks)) --start;
      while (end < condition.size() && is_in(end, kBlanks)) ++end;
      std::string text;
      for (const std::string& item : items) text.append(text.empty() ? "" : ", ").append(quoted(item));
      if (text.empty()) {                       // nothing between two commas would be a fault
        if (start > 0 && condition[start - 1] == ',') --start;
        else if (end < condition.size() && condition[end] == ',') ++end;
      }
      std::string changed = start > 0 ? condition.substr(0, start) + " " : std::string{};
      changed.append(text).append(" ").append(condition, end, std::string::npos);
      condition = std::move(changed);
      start += text.size() + 1;
      used = true;
    }
    start = condition.find(name, start + 1);
  }
  return used;
}

bool add_exceptions(const RuleItem& rule, std::string& condition, Report& report) {
  condition = "(" + condition + ")";
  for (const RuleException& exception : rule.exceptions) {
    std::string text;
    for (const ExceptionEntry& value : exception.values) {
      if (!exception.fields.is_list) {
        if (value.is_list) return report.error("LOAD_ERR_VALIDATE", "Expected values array to contain a list of strings", exception.context);
        text += text.empty() ? "(" + exception.fields.item + " " + exception.comparisons.item + " (" : ", ";
        text += quoted(value.item);
        continue;
      }
      if (value.items.size() != exception.fields.items.size()) {
        return report.error("LOAD_ERR_VALIDATE", "Fields and values lists must have equal length", exception.context);
      }
      text.append(text.empty() ? "(" : " or ").append(tuple_text(exception, value));
    }
    if (text.empty()) continue;
    condition.append(" and not ").append(text).append(exception.fields.is_list ? ")" : "))");
  }
  return true;
}

}  // namespace detector::rules
