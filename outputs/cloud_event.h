// An alert as a CloudEvent (https://github.com/cloudevents/spec, 1.0.2): structured as one JSON object, or binary as
// headers over the alert's own JSON. Type and extensions are falcosidekick's; the source is the host that saw it.
#pragma once

#include "core/alert.h"
#include "net/http_message.h"

#include <string>
#include <vector>

namespace outputs {

inline constexpr const char* kCloudEvent = "application/cloudevents+json; charset=utf-8";
inline constexpr const char* kCloudEventBatch = "application/cloudevents-batch+json; charset=utf-8";

// {"specversion":"1.0","id":…,"source":"urn:tocsin:host:web-1",…,"data":{the alert}}, no newline. Attributes may not
// hold control characters: they are shown as \n, \u001b …
std::string to_cloud_event(const core::Alert& alert);

// The attributes as ce-… headers, percent-encoded as the HTTP binding says (3.1.3.2); the body is the alert's JSON.
void add_cloud_event_headers(std::vector<net::Header>& headers, const core::Alert& alert);

}  // namespace outputs
