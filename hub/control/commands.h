// What the CLI can ask: one JSON object on one line in, one out. Answered by a running hub through its socket, or by
// the CLI itself on the state it has locked.
//   {"command":"status"} · {"command":"dead-letters","sink":"soc","limit":100,"after":0} ·
//   {"command":"dead-letter","number":7}
// A fault is {"error":"a sentence"}.
#pragma once

#include "hub/control/report.h"
#include "hub/state/state_store.h"

#include <string>
#include <string_view>

namespace hub {

// `report`: nullptr when no hub runs. The answer has no newline at its end.
std::string answer_command(std::string_view line, StateStore& state, const Report* report);

}  // namespace hub
