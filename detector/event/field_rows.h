// One row of the field table with the way to read it. Only field*.cpp and the rules' evaluator look in here: the evaluator asks for
// ancestors one at a time, so that `proc.aname in (…)` allocates nothing.
#pragma once

#include "detector/event/field.h"

namespace detector {

using FieldReader = Value (*)(std::string_view argument, const Event& event, FieldContext& context);
using ProcessReader = Value (*)(const Process& process, FieldContext& context);

struct FieldRow {
  FieldInfo info;
  FieldReader read;
  ProcessReader of_ancestor = nullptr;   // set: without an argument the field means "of any ancestor"
};

// What an argument in brackets must be.
enum class ArgumentKind : std::uint8_t { Index, Key };
ArgumentKind argument_kind(FieldId field);

ProcessReader ancestor_reader(FieldId field);   // nullptr: not such a field

std::span<const FieldRow> event_field_rows();
std::span<const FieldRow> process_field_rows();
std::span<const FieldRow> ancestor_field_rows();
std::span<const FieldRow> fd_field_rows();
std::span<const FieldRow> misc_field_rows();

// A row for what we know of but cannot fill: missing.
inline Value read_nothing(std::string_view, const Event&, FieldContext&) { return Missing{}; }

// Parameters of Falco's events by name, for `evt.arg.NAME`; nullopt: no event has it.
struct KnownParam {
  std::string_view name;
  FieldType raw_type;     // what evt.rawarg.NAME is
};
std::optional<KnownParam> find_param_name(std::string_view name);
// The longest known parameter name that `text` begins with ("flags)…" → "flags"), for output formats. "": none.
std::string_view longest_param_name(std::string_view text);

}  // namespace detector
