// Every value is found under its key (falcosidekick_keys.h), from the environment first, and written as YAML that our
// readers take: always quoted unless it is a number or a boolean, `${` doubled so that nothing becomes a reference by
// accident.
#include "hub/import/falcosidekick.h"

#include "core/priority.h"
#include "core/secret.h"
#include "core/suggest.h"
#include "core/template.h"
#include "core/text.h"
#include "hub/config/falcosidekick_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace hub {
namespace {

using core::YamlNode;
using Form = FalcosidekickKey::Form;

const YamlNode* at_path(const YamlNode* node, std::string_view path) {
  for (const std::string_view key : core::split(path, '.')) {
    if (node == nullptr || !node->is_map()) return nullptr;
    node = node->find(key);
  }
  return node;
}

bool is_plain(std::string_view text) {
  return text == "true" || text == "false" ||
         (!text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string_view::npos &&
          (text.size() == 1 || text.front() != '0'));
}

std::string literal(std::string_view text) {
  return is_plain(text) ? std::string{text} : core::json_quote(core::replace_all(std::string{text}, "${", "$${"));
}

std::string placed(const YamlNode& node) {
  return fmt::format("{}:{}:{}", node.place.file, node.place.line, node.place.column);
}

class Import {
 public:
  Import(const YamlNode& file, const std::map<std::string, std::string>& environment, const ImportOptions& options)
      : file_{file}, environment_{environment}, options_{options} {}

  Imported run() {
    hub_yaml();
    outputs_yaml();
    name_the_rest();
    return std::move(made_);
  }

 private:
  struct Entry {
    std::string key;
    std::string text;  // as YAML
  };

  void note(std::string sentence) { made_.notes.push_back(core::printable(sentence)); }

  const std::string* variable(const std::string& name) const {
    const auto found = environment_.find(name);
    return found == environment_.end() || found->second.empty() ? nullptr : &found->second;
  }

  const YamlNode* node_of(const FalcosidekickKey& key) const {
    const YamlNode* node = at_path(key.output.empty() ? &file_ : file_.find(key.output), key.key);
    return node == nullptr || node->is_null() || (node->is_scalar() && node->scalar.empty()) ? nullptr : node;
  }

  static std::string full(const FalcosidekickKey& key) {
    return key.output.empty() ? std::string{key.key} : fmt::format("{}.{}", key.output, key.key);
  }

  // A value nobody shall see: a reference in its stead. It stays in the environment if it is there.
  std::string secret(const std::string& name, const std::string& value, const YamlNode* node) {
    const bool from_file = node != nullptr;
    if (from_file) made_.secrets.push_back({name, value, placed(*node)});
    return from_file && !options_.secrets_folder.empty()
               ? core::json_quote(fmt::format("${{file:{}/{}}}", options_.secrets_folder, name))
               : fmt::format("\"${{env:{}}}\"", name);
  }

  // One value; nothing when it is not given or cannot be carried over.
  std::optional<std::string> value_of(const FalcosidekickKey& key) {
    const std::string* set = variable(key.variable());
    const YamlNode* node = set != nullptr ? nullptr : node_of(key);
    if (set == nullptr && node == nullptr) return {};
    if (!key.without_effect.empty()) {
      note(fmt::format("{} is left out: {}", full(key), key.without_effect));
      return {};
    }
    if (key.form == Form::Map || key.form == Form::Templates) return map_of(key, set, node);
    if (key.form == Form::List) return list_of(set, node);
    if (node != nullptr && !node->is_scalar()) {
      note(fmt::format("{} ({}) is left out: it is no single value", full(key), placed(*node)));
      return {};
    }
    const std::string& text = set != nullptr ? *set : node->scalar;
    if (key.key == "minimumpriority" && !core::parse_priority(text)) {
      note(
          fmt::format("{} is left out: '{}' is no priority, and falcosidekick sends everything then", full(key), text));
      return {};
    }
    if (key.key == "messageformat")
      if (const auto parsed = core::Template::parse(text); !parsed)
        note(fmt::format("{} is carried over, and check-config will refuse it: {}", full(key), parsed.error().what));
    if (key.value == FalcosidekickKey::Value::Secret || core::redact_url(text) != text)
      return secret(key.variable(), text, node);
    return literal(text);
  }

  std::string list_of(const std::string* set, const YamlNode* node) {
    std::vector<std::string> items;
    const std::string text = set != nullptr ? *set : node->is_scalar() ? node->scalar : "";
    for (const std::string_view piece : core::split(text, ',')) items.emplace_back(core::trim(piece));
    if (node != nullptr)
      for (const YamlNode& item : node->items) items.push_back(item.scalar);
    std::string list;
    for (const std::string& item : items)
      if (!item.empty()) list += (list.empty() ? "" : ", ") + core::json_quote(core::replace_all(item, "${", "$${"));
    return "[" + list + "]";
  }

  std::string map_of(const FalcosidekickKey& key, const std::string* set, const YamlNode* node) {
    if (key.value == FalcosidekickKey::Value::Secret && set != nullptr)
      return fmt::format("\"${{env:{}}}\"", key.variable());
    std::vector<Entry> entries;
    if (const YamlNode* in_file = node_of(key); in_file != nullptr && key.output.empty())
      add_entries(key, *in_file, entries);
    if (set == nullptr && node != nullptr && !key.output.empty()) add_entries(key, *node, entries);
    if (set != nullptr) add_pairs(key, *set, entries);
    std::string map;
    for (const Entry& entry : entries)
      map += (map.empty() ? "" : ", ") + core::json_quote(entry.key) + ": " + entry.text;
    return "{" + map + "}";
  }

  void add_entries(const FalcosidekickKey& key, const YamlNode& node, std::vector<Entry>& entries) {
    for (const auto& [name, value] : node.entries) {
      if (key.value == FalcosidekickKey::Value::Secret) {
        entries.push_back(
            {name.scalar, secret(key.variable() + "_" + variable_part(name.scalar), value.scalar, &value)});
        continue;
      }
      entries.push_back({name.scalar, pair_value(value.scalar)});
    }
  }

  // A value %NAME stays one: it means the same in hub.yaml, an unset variable too.
  static std::string pair_value(std::string_view text) {
    return core::json_quote(core::replace_all(std::string{text}, "${", "$${"));
  }

  void add_pairs(const FalcosidekickKey& key, std::string_view text, std::vector<Entry>& entries) {
    for (const std::string_view piece : split_outside_holes(text)) {
      const auto colon = piece.find(':');
      if (colon == std::string_view::npos || core::trim(piece.substr(0, colon)).empty()) {
        note(fmt::format("an entry of {} without 'key:' is left out", key.variable()));
        continue;
      }
      Entry made{std::string{core::trim(piece.substr(0, colon))}, pair_value(core::trim(piece.substr(colon + 1)))};
      std::erase_if(entries, [&](const Entry& entry) { return entry.key == made.key; });
      entries.push_back(std::move(made));
    }
  }

  static std::vector<std::string_view> split_outside_holes(std::string_view text) {
    std::vector<std::string_view> pieces;
    std::size_t start = 0;
    bool in_hole = false;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (i < text.size() && text.substr(i, 2) == "{{") in_hole = true;
      if (i < text.size() && text.substr(i, 2) == "}}") in_hole = false;
      if (i < text.size() && (text[i] != ',' || in_hole)) continue;
      if (const auto piece = core::trim(text.substr(start, i - start)); !piece.empty()) pieces.push_back(piece);
      start = i + 1;
    }
    return pieces;
  }

  static std::string variable_part(std::string_view header) {
    std::string part;
    for (const char c : header)
      part += c >= 'a' && c <= 'z'                               ? static_cast<char>(c - 32)
              : (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c
                                                                 : '_';
    return part;
  }

  // Nested keys are in order in the list, so that a group is opened once.
  std::string block(std::string_view output, std::string_view indent) {
    std::string text, group;
    for (const FalcosidekickKey& key : falcosidekick_keys()) {
      if (key.output != output) continue;
      const auto value = value_of(key);
      if (!value) continue;
      const auto dot = key.key.find('.');
      const std::string_view of = dot == std::string_view::npos ? std::string_view{} : key.key.substr(0, dot);
      if (!of.empty() && of != group) text += fmt::format("{}{}:\n", indent, of);
      group = of;
      text += fmt::format("{}{}{}: {}\n", indent, of.empty() ? "" : "  ",
                          of.empty() ? key.key : key.key.substr(dot + 1), *value);
    }
    return text;
  }

  void hub_yaml() {
    std::string text = block("", "");
    made_.hub_yaml = "# tocsin-hub, from a falcosidekick configuration.\n";
    if (!text.starts_with("listenaddress:")) {
      made_.hub_yaml += "listenaddress: \"0.0.0.0\"\n";
      note("listenaddress is 0.0.0.0, as falcosidekick listens on every address; 127.0.0.1 is this hub's own default");
    }
    made_.hub_yaml += text;
  }

  void outputs_yaml() {
    std::string text;
    for (const FalcosidekickOutput& output : falcosidekick_outputs()) {
      const YamlNode* block_node = file_.find(output.name);
      if (!is_in_use(output, block_node, environment_)) continue;
      if (output.is_ours)
        text += fmt::format("  {}:\n", output.name) + block(output.name, "    ");
      else
        note(fmt::format("{} is left out: this hub does not have it; keep a falcosidekick for it, or use a webhook",
                         output.name));
    }
    made_.outputs_yaml = "# Where alerts go, from a falcosidekick configuration.\noutputs:\n";
    if (text.empty()) note("no output that this hub has is in use: outputs.yaml prints alerts to stdout");
    made_.outputs_yaml += text.empty() ? "  stdout: {}\n" : text;
  }

  // Keys that nobody knows.
  void name_the_rest() {
    for (const auto& [key, value] : file_.entries) {
      const FalcosidekickOutput* output = find_falcosidekick_output(key.scalar);
      if (output == nullptr)
        look_at("", key.scalar, key, value);
      else if (output->is_ours && is_in_use(*output, &value, environment_))
        for (const auto& [inner, inner_value] : value.entries) look_at(output->name, inner.scalar, inner, inner_value);
    }
  }

  void look_at(std::string_view output, const std::string& path, const YamlNode& key, const YamlNode& value) {
    if (find_falcosidekick_key(output, path) != nullptr) return;
    std::vector<std::string> known;
    bool is_group = false;
    for (const FalcosidekickKey& each : falcosidekick_keys()) {
      if (each.output != output) continue;
      known.emplace_back(each.key);
      is_group = is_group || each.key.starts_with(path + ".");
    }
    if (is_group && value.is_map()) {
      for (const auto& [inner, inner_value] : value.entries)
        look_at(output, path + "." + inner.scalar, inner, inner_value);
      return;
    }
    const std::string near = core::nearest(path, known);
    note(fmt::format("{}{}{} ({}) is left out: falcosidekick has no such key{}", output, output.empty() ? "" : ".",
                     path, placed(key), near.empty() ? "" : "; did you mean " + near + "?"));
  }

  const YamlNode& file_;
  const std::map<std::string, std::string>& environment_;
  const ImportOptions& options_;
  Imported made_;
};

}  // namespace

Imported import_falcosidekick(const YamlNode& file, const std::map<std::string, std::string>& environment,
                              const ImportOptions& options) {
  const YamlNode lowered = with_falcosidekick_case(file);
  return Import{lowered, environment, options}.run();
}

}  // namespace hub
