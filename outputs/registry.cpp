// outputs.def as a table. Nothing else knows all outputs.
#include "outputs/output.h"

#include <array>

namespace outputs {

#define OUTPUT(kind) std::unique_ptr<Output> make_##kind(core::Fields& fields, const Surroundings& surroundings);
#include "outputs/outputs.def"
#undef OUTPUT

std::span<const Kind> kinds() {
  static constexpr Kind kKinds[] = {
#define OUTPUT(kind) {#kind, make_##kind},
#include "outputs/outputs.def"
#undef OUTPUT
  };
  return kKinds;
}

const Kind* find_kind(std::string_view name) {
  for (const Kind& kind : kinds())
    if (kind.name == name) return &kind;
  return nullptr;
}

}  // namespace outputs
