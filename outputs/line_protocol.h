// InfluxDB's line protocol, written so that nothing in an alert can leave its place: not a comma, a quote, a newline or
// a backslash. Rules: https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/. Line breaks
// cannot be written everywhere (VictoriaMetrics cuts at each), so they become the two characters \n; a backslash at the
// end of a name or tag, which would swallow the separator behind it, is left out.
#pragma once

#include "core/alert.h"
#include "outputs/point_memory.h"

#include <string>
#include <string_view>
#include <vector>

namespace outputs {

std::string escape_tag(std::string_view text);   // also for the names of measurements, tags and fields
std::string quote_field(std::string_view text);  // with its quotes

struct PointShape {
  std::string measurement = "events";
  // Each value makes a series, so: few values each. rule, priority, source, hostname, tags, or an output field.
  std::vector<std::string> tags{"rule", "priority", "source", "hostname"};
  std::int64_t unit = 1;  // of the time, in nanoseconds
};

// One point with the newline: the tags; the field `value` with the text (falcosidekick's name for it), `id`,
// `event_time` as it came, `tags`, what of rule, priority, source and hostname is no tag, and every output field in its
// own type. Whole numbers beyond 64 bits and others that InfluxDB would round are strings under NAME_string. A name
// that is taken gets _ behind it. The time is the event's; `memory` moves the second of two alerts that would overwrite
// each other, and knows the fields whose type the server refused.
std::string to_line(const core::Alert& alert, const PointShape& shape, PointMemory& memory);

}  // namespace outputs
