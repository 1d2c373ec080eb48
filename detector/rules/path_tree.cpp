// A walk per component; only globs branch.
#include "detector/rules/path_tree.h"

#include <fnmatch.h>

#include <cstring>

namespace detector::rules {
namespace {

// The next component, taken off `rest`. "": no more.
std::string_view take_component(std::string_view& rest) {
  while (!rest.empty() && rest.front() == '/') rest.remove_prefix(1);
  const std::string_view component = rest.substr(0, rest.find('/'));
  rest.remove_prefix(component.size());
  return component;
}

bool is_glob(std::string_view component) { return component.find_first_of("*?[") != std::string_view::npos; }

}  // namespace

void PathTree::add(std::string_view path) {
  Branch* at = &root_;
  for (std::string_view component = take_component(path); !component.empty(); component = take_component(path)) {
    if (is_glob(component)) {
      at->globs.emplace_back(component, std::make_unique<Branch>());
      at = at->globs.back().second.get();
      continue;
    }
    auto& child = at->literal[std::string{component}];
    if (!child) child = std::make_unique<Branch>();
    at = child.get();
  }
  at->is_end = true;
}

bool PathTree::matches(std::string_view path) const { return matches_below(root_, path); }

bool PathTree::matches_below(const Branch& branch, std::string_view rest) {
  if (branch.is_end) return true;
  const std::string_view component = take_component(rest);
  if (component.empty()) return false;
  const auto found = branch.literal.find(component);
  if (found != branch.literal.end() && matches_below(*found->second, rest)) return true;
  for (const auto& [pattern, child] : branch.globs) {
    if (glob_matches(pattern, component, false) && matches_below(*child, rest)) return true;
  }
  return false;
}

bool glob_matches(const std::string& pattern, std::string_view text, bool fold_case) {
  const int flags = fold_case ? FNM_CASEFOLD : 0;
  char buffer[1024];
  if (text.size() < sizeof buffer) {        // nearly always: no allocation
    std::memcpy(buffer, text.data(), text.size());
    buffer[text.size()] = '\0';
    return fnmatch(pattern.c_str(), buffer, flags) == 0;
  }
  return fnmatch(pattern.c_str(), std::string{text}.c_str(), flags) == 0;
}

}  // namespace detector::rules
