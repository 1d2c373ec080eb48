// What falcosidekick changes in every alert before an output sees it. The journal keeps the bytes as they came, so this
// runs at ingest (for metrics) and again whenever a record is read. customfields, customtags and templatedfields will
// stand here too.
#pragma once

#include "core/alert.h"

namespace hub {

// The rule "Test rule" gets the source "internal"; no source becomes "syscalls"; tags are sorted.
void mutate(core::Alert& alert);

}  // namespace hub
