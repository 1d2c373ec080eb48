#include "hub/ingest/mutations.h"

#include <algorithm>

namespace hub {

void mutate(core::Alert& alert) {
  if (alert.rule == "Test rule") alert.source = "internal";
  if (alert.source.empty()) alert.source = "syscalls";
  if (!std::is_sorted(alert.tags.begin(), alert.tags.end())) std::sort(alert.tags.begin(), alert.tags.end());
}

}  // namespace hub
