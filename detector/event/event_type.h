// Names of events: every system call of Linux, and the few that are not calls (procexit, container, drop …). A type is an index into one table.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace detector {

enum class EventType : std::uint16_t {};   // index into the table of event_type.cpp; 0 is "unknown"

std::optional<EventType> find_event_type(std::string_view name);   // "openat"
// For code that names an event: event_type("openat") of a name not in the table breaks an invariant.
EventType event_type(std::string_view name);
std::string_view to_text(EventType type);
std::size_t event_type_count();

}  // namespace detector
