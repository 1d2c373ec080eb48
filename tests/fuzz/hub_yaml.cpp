// Any bytes as hub.yaml: read or refused, and what is said of them may go to a terminal.
#include "hub/config/hub_config.h"
#include "targets.h"
#include "tests/fuzz/property.h"

namespace fuzz {

void fuzz_hub_yaml(std::string_view input) {
  core::Diagnostics diagnostics;
  const hub::HubConfig config = hub::read_hub_config("hub.yaml", std::string{input}, {}, diagnostics);
  const std::string said = diagnostics.render();
  demand(is_harmless(said), "faults of a file are fit for a terminal", said);
  demand(said.empty() == diagnostics.all().empty(), "every fault is said", input);
  if (!diagnostics.has_errors()) demand(config.alert_bytes <= config.body_bytes, "limits agree with each other", input);
}

}  // namespace fuzz
