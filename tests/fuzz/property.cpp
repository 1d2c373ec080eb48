#include "tests/fuzz/property.h"

#include "core/text.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace fuzz {

void demand(bool holds, std::string_view what, std::string_view detail) {
  if (holds) return;
  fmt::print(stderr, "does not hold: {}\n{}\n", what, core::printable(detail.substr(0, 4000)));
  std::abort();
}

bool is_harmless(std::string_view text) {
  for (const std::string_view line : core::split(text, '\n'))
    if (core::printable(line) != line) return false;
  return true;
}

}  // namespace fuzz
