// The eight priorities of Falco and syslog. Emergency is 0, so `<` misleads: ask at_least().
#pragma once

#include "core/result.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace core {

enum class Priority : std::uint8_t { Emergency, Alert, Critical, Error, Warning, Notice, Informational, Debug };

inline constexpr std::array kPriorities{Priority::Emergency,     Priority::Alert,   Priority::Critical,
                                        Priority::Error,         Priority::Warning, Priority::Notice,
                                        Priority::Informational, Priority::Debug};

bool at_least(Priority priority, Priority floor);

// Any case; "info" is Informational. Anything else: Fault::Invalid, saying what is allowed.
Result<Priority> parse_priority(std::string_view text);

std::string_view to_text(Priority priority);   // "Emergency" … as JSON alerts spell it
std::string_view to_lower(Priority priority);  // "emergency" … as configuration and metrics spell it

// falcosidekick's number, the `priority` label of its metrics: Debug 1 … Emergency 8.
int to_falcosidekick_number(Priority priority);

}  // namespace core
