#include "detector/tally.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace detector {
namespace {

std::string severity(core::Priority priority) {
  if (priority == core::Priority::Informational) return "INFO";   // Falco prints its short form here, and only here
  std::string name{core::to_text(priority)};
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

}  // namespace

void Tally::count_alert(const RuleInfo& rule) {
  ++alerts_;
  ++by_priority_[static_cast<std::size_t>(rule.priority)];
  ++by_rule_[rule.name];
}

std::string Tally::render() const {
  std::string out = fmt::format("Events detected: {}\nRule counts by severity:\n", alerts_);
  for (const core::Priority priority : core::kPriorities) {
    if (const auto count = by_priority_[static_cast<std::size_t>(priority)]; count > 0) out += fmt::format("   {}: {}\n", severity(priority), count);
  }
  out += "Triggered rules by rule name:\n";
  for (const auto& [rule, count] : by_rule_) out += fmt::format("   {}: {}\n", core::printable(rule), count);
  return out;
}

}  // namespace detector
