#include "detector/config/tree.h"

#include "core/text.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <vector>

namespace detector {
namespace {

using core::YamlNode;

core::YamlEntry* entry_of(YamlNode& map, std::string_view key) {
  core::YamlEntry* found = nullptr;
  for (auto& entry : map.entries) {
    if (entry.first.scalar == key) found = &entry;
  }
  return found;
}

// One step of a path: a key of a map, an item of a sequence, or ("[]") a new item at its end.
struct Step {
  enum class Kind { Key, Index, Append } kind;
  std::string key;
  std::size_t index = 0;
};

std::optional<Step> bracket_step(std::string_view inside) {
  if (inside.empty()) return Step{Step::Kind::Append, {}, 0};
  std::size_t index = 0;
  for (const char c : inside) {
    if (c < '0' || c > '9' || index > 100'000) return std::nullopt;
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  return Step{Step::Kind::Index, {}, index};
}

// "a[0].b" → a, 0, b; nullopt: not a path.
std::optional<std::vector<Step>> parse_path(std::string_view path) {
  std::vector<Step> steps;
  std::string key;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '\\' && i + 1 < path.size()) {
      key += path[++i];
    } else if (c == '.') {
      if (!key.empty()) steps.push_back({Step::Kind::Key, std::exchange(key, {}), 0});
      else if (i == 0 || path[i - 1] != ']') return std::nullopt;
    } else if (c == '[') {
      if (!key.empty()) steps.push_back({Step::Kind::Key, std::exchange(key, {}), 0});
      const auto close = path.find(']', i);
      if (close == std::string_view::npos || steps.empty()) return std::nullopt;
      auto step = bracket_step(path.substr(i + 1, close - i - 1));
      if (!step) return std::nullopt;
      steps.push_back(*std::move(step));
      i = close;
    } else {
      key += c;
    }
  }
  if (!key.empty()) steps.push_back({Step::Kind::Key, std::move(key), 0});
  else if (!path.empty() && path.back() == '.') return std::nullopt;
  if (steps.empty()) return std::nullopt;
  return steps;
}

// Where the first '=' outside a backslash escape stands.
std::size_t equals_sign(std::string_view assignment) {
  for (std::size_t i = 0; i < assignment.size(); ++i) {
    if (assignment[i] == '\\') ++i;
    else if (assignment[i] == '=') return i;
  }
  return std::string_view::npos;
}

// The node a step leads to, made where it is not there. nullptr: an index beyond the end.
YamlNode* descend(YamlNode& node, const Step& step, const core::Place& place) {
  if (step.kind == Step::Kind::Key) {
    if (!node.is_map()) node = YamlNode{.kind = YamlNode::Kind::Map, .place = place};
    if (auto* entry = entry_of(node, step.key)) return &entry->second;
    YamlNode key{.kind = YamlNode::Kind::Scalar, .place = place, .scalar = step.key};
    node.entries.emplace_back(std::move(key), YamlNode{.place = place});
    return &node.entries.back().second;
  }
  if (!node.is_sequence()) node = YamlNode{.kind = YamlNode::Kind::Sequence, .place = place};
  const auto index = step.kind == Step::Kind::Append ? node.items.size() : step.index;
  if (index > node.items.size()) return nullptr;
  if (index == node.items.size()) node.items.push_back(YamlNode{.place = place});
  return &node.items[index];
}

}  // namespace

void merge_config(YamlNode& into, const YamlNode& from, Merge strategy) {
  if (into.is_null()) into = YamlNode{.kind = YamlNode::Kind::Map, .place = from.place};
  for (const auto& [key, value] : from.entries) {
    auto* mine = entry_of(into, key.scalar);
    if (!mine) {
      into.entries.emplace_back(key, value);
    } else if (strategy == Merge::Append && mine->second.is_sequence() && value.is_sequence()) {
      mine->second.items.insert(mine->second.items.end(), value.items.begin(), value.items.end());
    } else if (strategy != Merge::AddOnly) {
      *mine = {key, value};
    }
  }
}

void set_override(YamlNode& root, const std::string& assignment, core::Diagnostics& diagnostics) {
  const auto equals = equals_sign(assignment);
  const std::string path = assignment.substr(0, equals);
  const std::string file = "-o " + path;
  core::Place place{.file = file, .line = 1, .column = 1, .length = path.size()};
  diagnostics.add_source(file, assignment);
  const auto steps = equals == std::string::npos ? std::nullopt : parse_path(path);
  if (!steps) {
    diagnostics.error(place, fmt::format("'{}' is not an assignment to a configuration key", assignment),
                      "write -o key=value, -o group.key=value, -o list[0].key=value or -o list[].key=value");
    return;
  }

  YamlNode value{.kind = YamlNode::Kind::Scalar, .place = place, .scalar = assignment.substr(equals + 1)};
  value.place.column = static_cast<int>(equals) + 2;
  value.place.length = value.scalar.size();
  const auto text = core::trim(value.scalar);
  if (text.starts_with('{') || text.starts_with('[')) {
    // Blanks in place of the key, so that columns are those of the assignment as it was typed.
    auto documents = core::parse_yaml(file, std::string(equals + 1, ' ') + value.scalar, diagnostics);
    if (documents.empty()) return;
    value = std::move(documents.front());
  }

  YamlNode* node = &root;
  for (const Step& step : *steps) {
    node = descend(*node, step, place);
    if (!node) {
      diagnostics.error(place, fmt::format("'{}' names an item beyond the end of the list", path), "use [] to add one at its end");
      return;
    }
  }
  *node = std::move(value);
}

void expand_environment(YamlNode& node) {
  for (auto& item : node.items) expand_environment(item);
  for (auto& entry : node.entries) expand_environment(entry.second);
  if (!node.is_scalar() || node.scalar.find("${") == std::string::npos) return;

  const std::string& text = node.scalar;
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto open = text.find("${", at);
    const auto close = open == std::string::npos ? open : text.find('}', open);
    if (close == std::string::npos) break;
    const std::string name = text.substr(open + 2, close - open - 2);
    const bool literal = open > at && text[open - 1] == '$';
    out.append(text, at, open - at);
    if (literal || name.find(':') != std::string::npos) {
      out.append(text, open, close + 1 - open);
    } else if (const char* variable = std::getenv(name.c_str())) {
      out += core::replace_all(variable, "${", "$${");
    }
    at = close + 1;
  }
  node.scalar = out.append(text, at, std::string::npos);
}

}  // namespace detector
