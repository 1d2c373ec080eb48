// The field table as a whole: the rows of field_*.cpp in one array, found by name, read through the row's function.
#include "detector/event/field.h"

#include "core/invariant.h"
#include "detector/event/field_rows.h"

#include <unordered_map>

namespace detector {
namespace {

struct Table {
  std::vector<FieldInfo> infos;
  std::vector<FieldReader> readers;
  std::vector<ProcessReader> ancestors;
  std::unordered_map<std::string_view, FieldId> by_name;
};

const Table& table() {
  static const Table whole = [] {
    Table t;
    for (const auto rows : {event_field_rows(), process_field_rows(), ancestor_field_rows(), fd_field_rows(), misc_field_rows()}) {
      for (const FieldRow& row : rows) {
        const bool is_new = t.by_name.emplace(row.info.name, static_cast<FieldId>(t.infos.size())).second;
        INVARIANT(is_new);
        t.infos.push_back(row.info);
        t.readers.push_back(row.read);
        t.ancestors.push_back(row.of_ancestor);
      }
    }
    return t;
  }();
  return whole;
}

}  // namespace

std::span<const FieldInfo> field_table() { return table().infos; }

std::optional<FieldId> find_field(std::string_view name) {
  const auto found = table().by_name.find(name);
  if (found == table().by_name.end()) return std::nullopt;
  return found->second;
}

Value read_field(FieldId field, std::string_view argument, const Event& event, FieldContext& context) {
  INVARIANT(field < table().readers.size());
  return table().readers[field](argument, event, context);
}

ProcessReader ancestor_reader(FieldId field) { return table().ancestors[field]; }

ArgumentKind argument_kind(FieldId field) {
  const std::string_view name = table().infos[field].name;
  const bool by_index = ancestor_reader(field) != nullptr || name == "proc.args";
  return by_index && name != "proc.aenv" ? ArgumentKind::Index : ArgumentKind::Key;
}

}  // namespace detector
