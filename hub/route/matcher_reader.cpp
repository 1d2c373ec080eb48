// A `match:` block, read: Matcher::describe. Every fault is told at its place, with what may stand there.
#include "hub/route/matcher.h"

#include "core/suggest.h"
#include "core/text.h"

#include <algorithm>
#include <functional>
#include <optional>

namespace hub {
namespace {

using core::Fields;
using core::Priority;
using core::YamlNode;

constexpr const char* kPriorityHint =
    "a priority (\"error\"), a bound (\">=warning\", \"<=notice\"), a range (\"error..critical\"), or a list of these; "
    "priorities are "
    "emergency, alert, critical, error, warning, notice, informational, debug";

// More severe is a smaller number, so ">=" in the words of people is "<=" in the enum.
std::optional<std::vector<Priority>> parse_priorities(std::string_view text) {
  const std::string_view expression = core::trim(text);
  auto keep = [](auto wanted) {
    std::vector<Priority> found;
    std::copy_if(core::kPriorities.begin(), core::kPriorities.end(), std::back_inserter(found), wanted);
    return found;
  };

  if (const auto dots = expression.find(".."); dots != std::string_view::npos) {
    const auto one = core::parse_priority(core::trim(expression.substr(0, dots)));
    const auto other = core::parse_priority(core::trim(expression.substr(dots + 2)));
    if (!one || !other) return std::nullopt;
    const auto [most, least] = std::minmax(*one, *other);
    return keep([most = most, least = least](Priority priority) { return priority >= most && priority <= least; });
  }

  std::string_view sign = expression.substr(0, std::min(expression.find_first_not_of("<>="), expression.size()));
  const auto parsed = core::parse_priority(core::trim(expression.substr(sign.size())));
  if (!parsed) return std::nullopt;
  const Priority bound = *parsed;
  if (sign.empty() || sign == "=" || sign == "==") return std::vector{bound};
  if (sign == ">=") return keep([bound](Priority priority) { return priority <= bound; });
  if (sign == ">") return keep([bound](Priority priority) { return priority < bound; });
  if (sign == "<=") return keep([bound](Priority priority) { return priority >= bound; });
  if (sign == "<") return keep([bound](Priority priority) { return priority > bound; });
  return std::nullopt;
}

// The scalars of a key that takes one text or a list of texts. Anything else is reported and left out. An empty list
// would match everything, which nobody means by it.
std::vector<const YamlNode*> texts_of(Fields& fields, std::string_view key, std::string_view help) {
  std::vector<const YamlNode*> texts;
  const YamlNode* node = fields.raw(key, help, "text or list");
  if (node == nullptr) return texts;
  auto take = [&](const YamlNode& item) {
    if (item.is_scalar() && !core::trim(item.scalar).empty()) {
      texts.push_back(&item);
    } else {
      fields.diagnostics().error(item.place,
                                 fields.owner() + " has an entry under '" + std::string{key} + "' that is not a text",
                                 "give one text, or a list of texts");
    }
  };
  if (!node->is_sequence()) {
    take(*node);
    return texts;
  }
  if (node->items.empty())
    fields.error(key, fields.owner() + " has an empty list under '" + std::string{key} + "'",
                 "name what to match, or take the key away to match anything");
  for (const YamlNode& item : node->items) take(item);
  return texts;
}

// "a, b\,c" → "a", "b,c". Empty pieces are reported.
std::vector<std::string> pieces_of(Fields& fields, const YamlNode& text, std::string_view what, const char* hint) {
  std::vector<std::string> pieces{""};
  for (std::size_t i = 0; i < text.scalar.size(); ++i) {
    if (text.scalar[i] == '\\' && i + 1 < text.scalar.size() && text.scalar[i + 1] == ',') {
      pieces.back() += text.scalar[++i];
    } else if (text.scalar[i] == ',') {
      pieces.emplace_back();
    } else {
      pieces.back() += text.scalar[i];
    }
  }
  std::vector<std::string> found;
  for (const std::string& piece : pieces) {
    if (const std::string_view trimmed = core::trim(piece); !trimmed.empty()) {
      found.emplace_back(trimmed);
    } else {
      fields.diagnostics().error(
          text.place,
          fields.owner() + " has an empty " + std::string{what} + " in '" + core::printable(text.scalar) + "'", hint);
    }
  }
  return found;
}

std::optional<TextPattern> pattern_of(Fields& fields, const YamlNode& at, std::string_view key, std::string_view text) {
  auto pattern = TextPattern::parse(text);
  if (pattern) return *pattern;
  fields.diagnostics().error(
      at.place,
      fields.owner() + ": '" + core::printable(text) + "' under '" + std::string{key} + "' " + pattern.error().what,
      "an exact text, glob:with*, or re2:^an expression$");
  return std::nullopt;
}

void read_patterns(Fields& fields, std::string_view key, std::string_view help, std::vector<TextPattern>& into) {
  for (const YamlNode* text : texts_of(fields, key, help)) {
    if (auto pattern = pattern_of(fields, *text, key, text->scalar)) into.push_back(std::move(*pattern));
  }
}

void read_priorities(Fields& fields, std::vector<Priority>& into) {
  for (const YamlNode* text :
       texts_of(fields, "priority", "priorities to match: \">=warning\", \"error..critical\" or a list")) {
    const auto found = parse_priorities(text->scalar);
    const std::string has = fields.owner() + " has priority '" + core::printable(text->scalar) + "', which ";
    if (!found) {
      fields.diagnostics().error(text->place, has + "is not one", kPriorityHint);
    } else if (found->empty()) {
      fields.diagnostics().error(text->place, has + "no alert can have", kPriorityHint);
    } else {
      into.insert(into.end(), found->begin(), found->end());
    }
  }
  std::sort(into.begin(), into.end());
  into.erase(std::unique(into.begin(), into.end()), into.end());
}

std::optional<FieldTest> field_test_of(Fields& fields, const YamlNode& at, std::string_view text) {
  FieldTest test;
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    test.negated = text.starts_with('!');
    test.name = core::trim(text.substr(test.negated ? 1 : 0));
  } else {
    test.negated = equals > 0 && text[equals - 1] == '!';
    test.name = core::trim(text.substr(0, test.negated ? equals - 1 : equals));
    test.value = pattern_of(fields, at, "output_fields", core::trim(text.substr(equals + 1)));
    if (!test.value) return std::nullopt;
  }
  if (!test.name.empty() && test.name.find(' ') == std::string::npos) return test;
  fields.diagnostics().error(
      at.place, fields.owner() + " has '" + core::printable(text) + "' under 'output_fields', which tests no field",
      "write k8s.ns.name=prod, k8s.ns.name!=kube-system, container.id (it is there) or !container.id");
  return std::nullopt;
}

void read_host_group_names(Fields& fields, const HostGroups& groups,
                           std::vector<std::shared_ptr<const HostGroup>>& into) {
  for (const YamlNode* text : texts_of(fields, "host_group", "groups of `hosts:` that the hostname may be in")) {
    if (const auto found = groups.find(text->scalar); found != groups.end()) {
      into.push_back(found->second);
      continue;
    }
    std::vector<std::string> known;
    for (const auto& [name, group] : groups) known.push_back(name);
    const std::string near = core::nearest(text->scalar, known);
    std::string hint = known.empty() ? "the file has no hosts: with groups" : "the groups are:";
    for (const std::string& name : known) hint += " " + core::printable(name);
    fields.diagnostics().error(
        text->place,
        fields.owner() + " has host_group '" + core::printable(text->scalar) + "', which 'hosts' does not have",
        near.empty() ? hint : "did you mean '" + near + "'?");
  }
}

}  // namespace

void Matcher::describe(Fields& fields, const HostGroups& groups) {
  read_priorities(fields, priorities);
  for (const YamlNode* text : texts_of(fields, "tags", "tags to match: a comma means and, a list means or")) {
    auto all = pieces_of(fields, *text, "tag", "write tags as \"a,b\" (a and b)");
    if (!all.empty()) tags.push_back(std::move(all));
  }
  read_patterns(fields, "rules", "names of rules: exact, glob:…, re2:…", rules);
  read_patterns(fields, "source", "sources: exact, glob:…, re2:…", sources);
  read_patterns(fields, "hostname", "hostnames: exact, glob:…, re2:…", hostnames);
  read_host_group_names(fields, groups, host_groups);
  for (const YamlNode* text :
       texts_of(fields, "output_fields", "tests of fields: \"k=v, k!=v, k, !k\"; a comma means and, a list means or")) {
    std::vector<FieldTest> all;
    for (const std::string& piece : pieces_of(fields, *text, "test", "write \"k=v, other!=w\"")) {
      if (auto test = field_test_of(fields, *text, piece)) all.push_back(std::move(*test));
    }
    if (!all.empty()) output_fields.push_back(std::move(all));
  }

  const YamlNode* node = fields.raw("not", "a block like this one, that must not match");
  if (node == nullptr) return;
  if (!node->is_map()) {
    fields.error("not", fields.owner() + " has a 'not' that is no block of keys",
                 "write not: {hostname: \"glob:test-*\"}");
    return;
  }
  Fields inner{*node, fields.owner() + " under 'not'", fields.diagnostics()};
  Matcher block;
  block.describe(inner, groups);
  inner.finish();
  if (node->entries.empty())
    inner.error("", inner.owner() + " has no key", "an empty 'not' would match nothing at all");
  negated.push_back(std::move(block));
}

}  // namespace hub
