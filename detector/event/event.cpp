// What an Event does by itself: being emptied without giving its memory back, and having parameters by name.
#include "detector/event/event.h"

namespace detector {

void Event::clear() {
  number = 0;
  time = {};
  type = {};
  cpu = 0;
  result = 0;
  has_result = true;
  param_count = 0;
  fd.use = EventFd::Use::None;
  fd.number = -1;
  fd.known = false;
  fd.name_changed = false;
  fd.name_raw.clear();
  fd.fallback_name.clear();
  process = nullptr;
  rewritten = false;
  object_path.clear();
}

Param& Event::add_param(std::string_view param_name, ParamKind kind) {
  if (param_count == params.size()) params.emplace_back();
  Param& param = params[param_count++];
  param.name = param_name;
  param.kind = kind;
  param.number = 0;
  param.text.clear();
  param.raw.clear();
  return param;
}

const Param* Event::param(std::string_view param_name) const {
  for (std::size_t i = 0; i < param_count; ++i) {
    if (params[i].name == param_name) return &params[i];
  }
  return nullptr;
}

}  // namespace detector
