// `producers:` of hub.yaml: who may send, by name.
#pragma once

#include "core/fields.h"
#include "hub/http/access.h"

namespace hub {

// Reads `producers` and `open_paths`; faults go to the fields' diagnostics.
struct AccessOptions {
  std::vector<ProducerOptions> producers;  // empty: everybody
  std::vector<std::string> open_paths = {"/ping", "/healthz", "/readyz"};

  void describe(core::Fields& fields);
};

}  // namespace hub
