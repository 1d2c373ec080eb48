// The alerts in which the router tells of several: a group's digest, and the summary of what a throttle held.
#pragma once

#include "hub/ingest/own_alerts.h"
#include "hub/route/stages.h"

namespace hub {

// `members`: those that could be read, in order. As severe as the most severe of them; its text lists them, so that a
// chat shows them; the field digest.alerts has them for programs, both within bounds that every sink takes.
OwnAlert digest_of(const Due& due, const Route* route, const std::vector<core::AlertRef>& members);

// `sample`: one of the held alerts, or nullptr when it can no longer be read.
OwnAlert summary_of(const Due& due, const Route* route, const core::AlertRef& sample);

}  // namespace hub
