// `batch: {max_items, max_bytes, max_wait}`: how many alerts go into one request, for outputs whose destination takes
// several.
#pragma once

#include "core/fields.h"
#include "outputs/output.h"

namespace outputs {

struct BatchOptions {
  std::size_t max_items = 1;
  core::Bytes max_bytes{1 << 20};
  core::Duration max_wait{};

  void describe(core::Fields& fields);
  Limits limits(unsigned concurrency) const {
    return {.items = max_items, .bytes = max_bytes.count, .max_wait = max_wait, .rate = {}, .concurrency = concurrency};
  }
};

}  // namespace outputs
