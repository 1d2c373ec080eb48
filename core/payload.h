// An alert as falcosidekick sends it to sinks that take its JSON (webhook, Kafka, Elasticsearch): its key order, `uuid`
// added, tags sorted. Unlike falcosidekick nothing is lost: keys at the top that it does not know follow at the end,
// nested values and number literals stay.
#pragma once

#include "core/alert.h"

#include <string>

namespace core {

// uuid, output, priority, rule, time, output_fields, source, tags?, hostname?, then extra keys; no newline at the end.
std::string to_payload(const Alert& alert);

// The same without the closing brace, for outputs that add keys of their own: append `,"@timestamp":…}`.
std::string to_open_payload(const Alert& alert);

}  // namespace core
