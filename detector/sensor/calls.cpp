// The rows of all families as one table, and what the kernel must take for a row.
#include "detector/sensor/calls.h"

#include <unordered_map>

namespace detector {

const CallRow* find_call(std::string_view name) {
  static const auto by_name = [] {
    std::unordered_map<std::string_view, const CallRow*> map;
    for (const auto rows : {file_calls(), path_calls(), network_calls(), process_calls()}) {
      for (const CallRow& row : rows) map.emplace(row.name, &row);
    }
    return map;
  }();
  const auto at = by_name.find(name);
  return at == by_name.end() ? nullptr : at->second;
}

wire_shape shape_of(const CallRow& row) {
  wire_shape shape = row.shape;
  for (const ParamRow& param : row.params) {
    switch (param.from) {
      case From::PathAt:
        shape.arg[param.dirfd] = TAKE_DIRFD;
        shape.arg[param.argument] = TAKE_PATH;
        break;
      case From::Text:
      case From::Path:
        shape.arg[param.argument] = TAKE_PATH;
        break;
      case From::HowFlags:
      case From::HowMode:
      case From::HowResolve:
        shape.arg[param.argument] = TAKE_BYTES24;
        break;
      case From::Result:
      case From::Argument:
      case From::Tuple:
      case From::Address:
      case From::Device:
      case From::Inode:
      case From::Clone3Flags:
      case From::Process:
        break;
    }
  }
  return shape;
}

bool looks_at_files(const CallRow& row) {
  if (row.use == EventFd::Use::Uses || row.effect == Effect::Duplicate) return true;
  for (const ParamRow& param : row.params) {
    if (param.from == From::PathAt) return true;
  }
  return false;
}

}  // namespace detector
