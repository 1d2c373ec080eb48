// What a route's `match:` block says, read from outputs.yaml and asked of an alert. Pure: no clock, no state. A new
// kind of matcher is a member of Matcher, a line in matches() and a block in describe().
#include "hub/route/route.h"

#include "core/text.h"

#include <algorithm>
#include <optional>

namespace hub {
namespace {

using core::Priority;

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

// The scalars of a key that takes one text or a list of texts. Anything else is reported and left out.
std::vector<const core::YamlNode*> texts_of(core::Fields& fields, const core::YamlNode& node, std::string_view key) {
  std::vector<const core::YamlNode*> texts;
  auto take = [&](const core::YamlNode& item) {
    if (item.is_scalar() && !core::trim(item.scalar).empty()) {
      texts.push_back(&item);
    } else {
      fields.diagnostics().error(item.place,
                                 fields.owner() + " has an entry under '" + std::string{key} + "' that is not a text",
                                 "give one text, or a list of texts");
    }
  };
  if (node.is_sequence()) {
    for (const core::YamlNode& item : node.items) take(item);
  } else {
    take(node);
  }
  return texts;
}

}  // namespace

bool Matcher::matches(const core::Alert& alert) const {
  if (!priorities.empty() && std::find(priorities.begin(), priorities.end(), alert.priority) == priorities.end())
    return false;
  if (tags.empty()) return true;
  return std::any_of(tags.begin(), tags.end(), [&](const std::vector<std::string>& all) {
    return std::all_of(all.begin(), all.end(), [&](const std::string& tag) { return alert.has_tag(tag); });
  });
}

void Matcher::describe(core::Fields& fields) {
  if (const auto* node =
          fields.raw("priority", "priorities to match: \">=warning\", \"error..critical\" or a list", "text or list")) {
    for (const core::YamlNode* text : texts_of(fields, *node, "priority")) {
      const auto found = parse_priorities(text->scalar);
      if (!found) {
        fields.diagnostics().error(
            text->place, fields.owner() + " has priority '" + text->scalar + "', which is not one", kPriorityHint);
        continue;
      }
      if (found->empty()) {
        fields.diagnostics().error(text->place,
                                   fields.owner() + " has priority '" + text->scalar + "', which no alert can have",
                                   kPriorityHint);
        continue;
      }
      priorities.insert(priorities.end(), found->begin(), found->end());
    }
    std::sort(priorities.begin(), priorities.end());
    priorities.erase(std::unique(priorities.begin(), priorities.end()), priorities.end());
  }

  if (const auto* node = fields.raw("tags", "tags to match: a comma means and, a list means or", "text or list")) {
    for (const core::YamlNode* text : texts_of(fields, *node, "tags")) {
      std::vector<std::string> all;
      for (const std::string_view piece : core::split(text->scalar, ',')) {
        const std::string_view tag = core::trim(piece);
        if (tag.empty()) {
          fields.diagnostics().error(text->place, fields.owner() + " has an empty tag in '" + text->scalar + "'",
                                     "write tags as \"a,b\" (a and b)");
          continue;
        }
        all.emplace_back(tag);
      }
      if (!all.empty()) tags.push_back(std::move(all));
    }
  }
}

}  // namespace hub
