#include "hub/config/mutation_options.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace hub {
namespace {

const std::string& variable(const std::map<std::string, std::string>& environment, const std::string& name) {
  static const std::string unset;
  const auto found = environment.find(name);
  return found == environment.end() ? unset : found->second;
}

core::Place environment_place() {
  core::Place place;
  place.file = "environment";
  return place;
}

// Splits at commas outside {{…}}.
std::vector<std::string_view> entries_of(std::string_view text) {
  std::vector<std::string_view> entries;
  std::size_t start = 0;
  bool in_hole = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text.substr(i, 2) == "{{") in_hole = true;
    if (i < text.size() && text.substr(i, 2) == "}}") in_hole = false;
    if (i < text.size() && (text[i] != ',' || in_hole)) continue;
    if (const auto entry = core::trim(text.substr(start, i - start)); !entry.empty()) entries.push_back(entry);
    start = i + 1;
  }
  return entries;
}

// Calls each(key, value); an entry that is none is a fault.
template <class Each>
void for_each_pair(std::string_view name, std::string_view text, core::Diagnostics& diagnostics, Each each) {
  for (const std::string_view entry : entries_of(text)) {
    const auto colon = entry.find(':');
    const std::string_view key = core::trim(entry.substr(0, colon));
    if (colon == std::string_view::npos || key.empty())
      diagnostics.error(environment_place(), fmt::format("variable {} has an entry without 'key:'", name),
                        "write key:value,key:value");
    else
      each(std::string{key}, core::trim(entry.substr(colon + 1)));
  }
}

}  // namespace

void describe_mutations(core::Fields& fields, MutationOptions& options) {
  fields.optional("customfields", options.customfields,
                  "output fields added to every alert; a value %NAME is the environment variable NAME");
  fields.optional("customtags", options.customtags, "tags added to every alert");
  constexpr std::string_view kTemplated = "output fields made by templates; `.` is output_fields";
  if (const core::YamlNode* node = fields.raw("templatedfields", kTemplated); node != nullptr) {
    core::Fields inner{*node, fields.owner() + ": 'templatedfields'", fields.diagnostics()};
    for (const auto& [key, value] : node->entries)
      inner.text_template(key.scalar, options.templatedfields[key.scalar], kTemplated, core::Template::Dot::Fields);
  }
  fields.optional("bracketreplacer", options.bracketreplacer,
                  "what '[' becomes in names of output fields; ']' goes: proc.aname[2] → proc.aname_2 with _");
  fields.optional(
      "outputfieldformat", options.outputfieldformat,
      "how output is written: <timestamp>, <priority>, <output>, <custom_fields>, <templated_fields>, <tags>");
}

void add_variables(MutationOptions& options, const std::map<std::string, std::string>& environment,
                   core::Diagnostics& diagnostics) {
  for_each_pair("CUSTOMFIELDS", variable(environment, "CUSTOMFIELDS"), diagnostics,
                [&](std::string key, std::string_view value) { options.customfields[std::move(key)] = value; });
  for (auto& [key, value] : options.customfields) {
    if (value.size() < 2 || value.front() != '%') continue;
    const std::string name = value.substr(1);
    if (variable(environment, name).empty())
      diagnostics.warning(
          environment_place(),
          fmt::format("customfields: '{}' is the variable {}, which is not set: the field is empty", key, name));
    value = variable(environment, name);
  }

  for (const std::string_view tag : core::split(variable(environment, "CUSTOMTAGS"), ','))
    if (!core::trim(tag).empty()) options.customtags.emplace_back(core::trim(tag));
  std::erase_if(options.customtags, [](const std::string& tag) { return tag.empty(); });

  for_each_pair("TEMPLATEDFIELDS", variable(environment, "TEMPLATEDFIELDS"), diagnostics,
                [&](std::string key, std::string_view text) {
                  std::size_t at = 0;
                  auto parsed = core::Template::parse(text, core::Template::Dot::Fields, &at);
                  if (parsed)
                    options.templatedfields[std::move(key)] = std::move(*parsed);
                  else
                    diagnostics.error(environment_place(),
                                      fmt::format("variable TEMPLATEDFIELDS, '{}', character {}: {}", key, at + 1,
                                                  parsed.error().what));
                });
}

}  // namespace hub
