#include "hub/config/falcosidekick_file.h"

#include "core/suggest.h"
#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace hub {
namespace {

using core::YamlNode;

core::Place environment_place() {
  core::Place place;
  place.file = "environment";
  return place;
}

const YamlNode* at_path(const YamlNode* node, std::string_view path) {
  for (const std::string_view key : core::split(path, '.')) {
    if (node == nullptr || !node->is_map()) return nullptr;
    node = node->find(key);
  }
  return node;
}

bool has_value(const FalcosidekickOutput& output, std::string_view key, const YamlNode* block,
               const std::map<std::string, std::string>& environment) {
  const auto variable = environment.find(falcosidekick_variable(output.name, key));
  if (variable != environment.end() && !variable->second.empty()) return variable->second != "false";
  const YamlNode* node = at_path(block, key);
  if (node == nullptr || node->is_null()) return false;
  return !node->is_scalar() || (!node->scalar.empty() && node->scalar != "false");
}

void lower_keys(YamlNode& node, bool their_own) {
  for (auto& [key, value] : node.entries) {
    if (!their_own) key.scalar = core::ascii_lower(key.scalar);
    lower_keys(value, their_own || key.scalar == "customfields" || key.scalar == "templatedfields" ||
                          key.scalar == "customheaders");
  }
}

// Kubernetes sets KAFKA_SERVICE_HOST and the like: of what is not falcosidekick's, only a near miss is worth a word.
void warn_of_variables(const std::map<std::string, std::string>& environment, core::Diagnostics& diagnostics) {
  for (const FalcosidekickOutput& output : falcosidekick_outputs()) {
    if (!output.is_ours) continue;
    const std::string prefix = falcosidekick_variable(output.name, "");
    std::vector<std::string> known;
    for (const FalcosidekickKey& key : falcosidekick_keys())
      if (key.output == output.name) known.push_back(falcosidekick_variable("", key.key));
    for (const auto& [name, value] : environment) {
      if (value.empty() || !name.starts_with(prefix)) continue;
      const std::string rest = name.substr(prefix.size());
      const auto is_or_begins = [&rest](const std::string& key) { return rest == key || rest.starts_with(key + "_"); };
      if (std::any_of(known.begin(), known.end(), is_or_begins)) continue;  // import calls a header CUSTOMHEADERS_X_KEY
      if (const std::string near = core::nearest(rest, known); !near.empty())
        diagnostics.warning(environment_place(), fmt::format("variable {} is not known", core::printable(name)),
                            fmt::format("did you mean {}{}?", prefix, near));
    }
  }
  for (const FalcosidekickKey& key : falcosidekick_keys()) {
    const auto set = environment.find(key.variable());
    if (!key.without_effect.empty() && set != environment.end() && !set->second.empty())
      diagnostics.warning(environment_place(),
                          fmt::format("variable {} has no effect: {}", set->first, key.without_effect));
  }
}

}  // namespace

bool is_falcosidekick_file(const YamlNode& root) {
  return std::any_of(root.entries.begin(), root.entries.end(), [](const auto& entry) {
    return find_falcosidekick_output(core::ascii_lower(entry.first.scalar)) != nullptr;
  });
}

YamlNode with_falcosidekick_case(YamlNode root) {
  lower_keys(root, false);
  return root;
}

bool is_in_use(const FalcosidekickOutput& output, const YamlNode* block,
               const std::map<std::string, std::string>& environment) {
  return std::any_of(output.enabled_by.begin(), output.enabled_by.end(), [&](std::string_view keys) {
    const auto pieces = core::split(keys, '+');
    return std::all_of(pieces.begin(), pieces.end(),
                       [&](std::string_view key) { return has_value(output, key, block, environment); });
  });
}

// The key's place and not the value's: an output's block begins with its URL or token.
void warn_of_what_we_lack(const YamlNode& root, const std::map<std::string, std::string>& environment,
                          core::Fields& fields) {
  for (const auto& [key, value] : root.entries) {
    const FalcosidekickOutput* output = find_falcosidekick_output(key.scalar);
    if (output == nullptr) continue;
    fields.raw(key.scalar, "");
    // What is in use is read by its output, which knows which of its options are secrets.
    if (!output->is_ours || !is_in_use(*output, &value, environment)) core::conceal(value, fields.diagnostics());
    if (!output->is_ours && is_in_use(*output, &value, {}))
      fields.diagnostics().warning(
          key.place,
          fmt::format("'{}' is an output of falcosidekick that this hub does not have: no alert goes there",
                      key.scalar),
          "keep a falcosidekick for it, or use a webhook");
  }
  for (const FalcosidekickOutput& output : falcosidekick_outputs())
    if (!output.is_ours && is_in_use(output, nullptr, environment))
      fields.diagnostics().warning(
          environment_place(),
          fmt::format(
              "the variables configure '{}', an output of falcosidekick that this hub does not have: no alert goes "
              "there",
              output.name),
          "keep a falcosidekick for it, or use a webhook");
  warn_of_variables(environment, fields.diagnostics());
}

}  // namespace hub
