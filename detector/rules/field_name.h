// From the text of a field in a rule ("proc.aname[2]", "evt.arg.flags") to the row it means and its argument, with Falco's refusals.
#pragma once

#include "detector/event/field.h"

#include <optional>
#include <string>
#include <string_view>

namespace detector::rules {

struct FieldRef {
  FieldId id = 0;
  std::string argument;
  FieldType type = FieldType::Text;       // evt.rawarg: the parameter's
  std::size_t length = 0;                 // how much of the text it took
};

struct FieldLookup {
  std::optional<FieldRef> field;          // nullopt: `error` says why
  std::string error;
};

FieldLookup find_whole_field(std::string_view text);      // all of the text
FieldLookup find_field_prefix(std::string_view text);     // the longest field at its head, for output formats

bool is_known_field(std::string_view text);               // as exceptions ask: any field, with or without its argument
std::string_view type_name(FieldType type, unsigned bits); // "CHARBUF", "UINT32"

}  // namespace detector::rules
