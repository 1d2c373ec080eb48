// Names of the priorities, in the order of the enum.
#include "core/priority.h"

#include "core/text.h"

namespace core {
namespace {
constexpr std::array<std::string_view, 8> kNames{"Emergency", "Alert",  "Critical",      "Error",
                                                 "Warning",   "Notice", "Informational", "Debug"};
constexpr std::array<std::string_view, 8> kLowerNames{"emergency", "alert",  "critical",      "error",
                                                      "warning",   "notice", "informational", "debug"};
}  // namespace

bool at_least(Priority priority, Priority floor) {
  return static_cast<int>(priority) <= static_cast<int>(floor);
}

Result<Priority> parse_priority(std::string_view text) {
  const std::string lower = ascii_lower(text);
  if (lower == "info") return Priority::Informational;
  for (const Priority priority : kPriorities)
    if (lower == to_lower(priority)) return priority;
  return Error{Fault::Invalid, "one of emergency, alert, critical, error, warning, notice, informational, debug"};
}

std::string_view to_text(Priority priority) {
  return kNames[static_cast<std::size_t>(priority)];
}
std::string_view to_lower(Priority priority) {
  return kLowerNames[static_cast<std::size_t>(priority)];
}
int to_falcosidekick_number(Priority priority) {
  return 8 - static_cast<int>(priority);
}

}  // namespace core
