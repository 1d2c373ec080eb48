// Fields: what rules and outputs can ask of an event (proc.name, fd.sport, evt.arg.flags). One table; a row is name, type, argument and how
// to read it. Rows that we know but cannot fill yet still stand there: a rule that names them loads, and they are missing.
#pragma once

#include "detector/event/event.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace detector {

enum class FieldType : std::uint8_t { Text, Path, Bytes, Bool, Int, Uint, Ip, Net, Port, RelTime, AbsTime, Double, EventName, Dynamic };

enum class FieldArgument : std::uint8_t { None, Optional, Required };

struct FieldInfo {
  std::string_view name;          // "proc.aname"
  FieldType type = FieldType::Text;
  FieldArgument argument = FieldArgument::None;
  bool list = false;
  bool filter_only = false;
  bool deprecated = false;
  std::string_view source;        // "syscall", "" (any), "k8s_audit"
  std::string_view help;
  std::uint8_t bits = 64;         // Int and Uint: the width that messages name ("UINT32")
  bool no_right_side = false;     // cannot be compared with another field
};

using FieldId = std::uint16_t;    // index into field_table()

// What a field came to. Text views live until the event is cleared or the next read of the same field.
struct Missing {};
using Value = std::variant<Missing, bool, std::int64_t, std::uint64_t, double, std::string_view, IpAddress, std::vector<std::string>, std::vector<IpAddress>>;

struct FieldContext {
  Users* users = nullptr;
  std::string hostname;
  std::string scratch;            // backing of views that had to be built
};

std::span<const FieldInfo> field_table();
std::optional<FieldId> find_field(std::string_view name);
Value read_field(FieldId field, std::string_view argument, const Event& event, FieldContext& context);

}  // namespace detector
