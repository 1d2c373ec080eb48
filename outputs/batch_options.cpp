// Zero of anything would be a sink that never sends: refused where it is written.
#include "outputs/batch_options.h"

#include <fmt/format.h>

namespace outputs {

void BatchOptions::describe(core::Fields& fields) {
  fields.group("batch", "how many alerts go into one request", [this](core::Fields& batch) {
    batch.optional("max_items", max_items, "alerts in one request at most");
    batch.optional("max_bytes", max_bytes, "bytes of alert JSON in one request at most (one alert always goes)");
    batch.optional("max_wait", max_wait, "how long an alert waits for company; 0: not at all");
    if (max_items == 0)
      batch.error("max_items", fmt::format("{} has max_items 0; a request holds at least 1 alert", batch.owner()));
    if (max_bytes.count == 0)
      batch.error("max_bytes", fmt::format("{} has max_bytes 0; give a size such as 1MiB", batch.owner()));
  });
}

}  // namespace outputs
