#include "hub/route/matcher.h"

#include "core/text.h"

#include <algorithm>

namespace hub {
namespace {

template <class List, class Test>
bool any(const List& list, Test test) {
  return std::any_of(list.begin(), list.end(), test);
}

bool any_matches(const std::vector<TextPattern>& patterns, std::string_view text) {
  return patterns.empty() || any(patterns, [&](const TextPattern& pattern) { return pattern.matches(text); });
}

bool tags_match(const Matcher& matcher, const core::Alert& alert) {
  return matcher.tags.empty() || any(matcher.tags, [&](const std::vector<std::string>& all) {
           return std::all_of(all.begin(), all.end(), [&](const std::string& tag) { return alert.has_tag(tag); });
         });
}

bool fields_match(const Matcher& matcher, const core::Alert& alert) {
  return matcher.output_fields.empty() || any(matcher.output_fields, [&](const std::vector<FieldTest>& all) {
           return std::all_of(all.begin(), all.end(), [&](const FieldTest& test) { return test.passes(alert); });
         });
}

bool has_priority(const Matcher& matcher, core::Priority priority) {
  return matcher.priorities.empty() ||
         std::find(matcher.priorities.begin(), matcher.priorities.end(), priority) != matcher.priorities.end();
}

// Every text of `narrow` is one of `wide`: its very pattern, or an exact text that a pattern of `wide` matches.
bool covers(const std::vector<TextPattern>& wide, const std::vector<TextPattern>& narrow) {
  if (wide.empty()) return true;
  return !narrow.empty() && std::all_of(narrow.begin(), narrow.end(), [&](const TextPattern& each) {
    return any(wide, [&](const TextPattern& pattern) {
      return pattern.written() == each.written() || (each.is_exact() && pattern.matches(each.written()));
    });
  });
}

// ORs of ANDs: each alternative of `narrow` asks for at least what some alternative of `wide` asks for.
template <class Item, class Same>
bool covers_sets(const std::vector<std::vector<Item>>& wide, const std::vector<std::vector<Item>>& narrow, Same same) {
  if (wide.empty()) return true;
  return !narrow.empty() && std::all_of(narrow.begin(), narrow.end(), [&](const std::vector<Item>& asked) {
    return any(wide, [&](const std::vector<Item>& fewer) {
      return std::all_of(fewer.begin(), fewer.end(), [&](const Item& item) {
        return any(asked, [&](const Item& other) { return same(item, other); });
      });
    });
  });
}

bool same_test(const FieldTest& a, const FieldTest& b) {
  return a.name == b.name && a.negated == b.negated && a.value.has_value() == b.value.has_value() &&
         (!a.value || a.value->written() == b.value->written());
}

std::string quoted(std::string_view what, std::string_view text) {
  return std::string{what} + ": the alert has '" + core::printable(core::truncate_utf8(text, 100)) + "'";
}

}  // namespace

bool FieldTest::passes(const core::Alert& alert) const {
  const core::AlertField* field = alert.field(name);
  const bool holds = value ? field != nullptr && value->matches(field->text) : field != nullptr;
  return holds != negated;
}

bool Matcher::matches(const core::Alert& alert) const {
  return has_priority(*this, alert.priority) && any_matches(rules, alert.rule) && any_matches(sources, alert.source) &&
         any_matches(hostnames, alert.hostname) && tags_match(*this, alert) &&
         (host_groups.empty() ||
          any(host_groups, [&](const auto& group) { return group->contains(alert.hostname); })) &&
         fields_match(*this, alert) && !any(negated, [&](const Matcher& block) { return block.matches(alert); });
}

std::string Matcher::why_not(const core::Alert& alert) const {
  if (!has_priority(*this, alert.priority)) return quoted("priority", core::to_lower(alert.priority));
  if (!any_matches(rules, alert.rule)) return quoted("rules", alert.rule);
  if (!any_matches(sources, alert.source)) return quoted("source", alert.source);
  if (!any_matches(hostnames, alert.hostname)) return quoted("hostname", alert.hostname);
  if (!host_groups.empty() && !any(host_groups, [&](const auto& group) { return group->contains(alert.hostname); }))
    return quoted("host_group", alert.hostname);
  if (!tags_match(*this, alert)) {
    std::string have;
    for (const std::string& tag : alert.tags) have += (have.empty() ? "" : ",") + tag;
    return quoted("tags", have);
  }
  if (!fields_match(*this, alert)) return "output_fields: no entry holds for the alert";
  if (any(negated, [&](const Matcher& block) { return block.matches(alert); }))
    return "not: its block matches the alert";
  return {};
}

bool Matcher::is_everything() const {
  return priorities.empty() && tags.empty() && rules.empty() && sources.empty() && hostnames.empty() &&
         host_groups.empty() && output_fields.empty() && negated.empty();
}

bool surely_covers(const Matcher& wide, const Matcher& narrow) {
  if (!wide.negated.empty()) return false;
  const bool priorities = std::all_of(core::kPriorities.begin(), core::kPriorities.end(), [&](core::Priority priority) {
    return has_priority(wide, priority) || !has_priority(narrow, priority);
  });
  const bool groups = wide.host_groups.empty() ||
                      (!narrow.host_groups.empty() &&
                       std::all_of(narrow.host_groups.begin(), narrow.host_groups.end(), [&](auto& each) {
                         return any(wide.host_groups, [&](const auto& group) { return group->name == each->name; });
                       }));
  return priorities && groups && covers(wide.rules, narrow.rules) && covers(wide.sources, narrow.sources) &&
         covers(wide.hostnames, narrow.hostnames) &&
         covers_sets(wide.tags, narrow.tags, [](const auto& a, const auto& b) { return a == b; }) &&
         covers_sets(wide.output_fields, narrow.output_fields, same_test);
}

}  // namespace hub
