// InfluxDB's line protocol, written so that nothing in an alert can leave its place: not a comma, a quote, a newline or
// a backslash. Rules: https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/. Line breaks
// cannot be written everywhere (VictoriaMetrics cuts at each), so they become the two characters \n; a backslash at the
// end of a name or tag, which would swallow the separator behind it, is left out.
#pragma once

#include "core/alert.h"

#include <string>
#include <string_view>

namespace outputs {

std::string escape_tag(std::string_view text);   // also for the names of tags and fields
std::string quote_field(std::string_view text);  // with its quotes

// One point of measurement `events` with the newline: tags rule, priority, source, hostname (few values each: they
// index); fields value and output (the text; `value` is falcosidekick's name for it), id, tags and every output field
// in its own type; the event's time in ns. Two events of one series at the same time would overwrite each other, so a
// time that came with less than nine decimals gets digits from the alert's id behind those that came: the same at each
// retry, and never off by more than the precision it came with.
std::string to_line(const core::Alert& alert);

}  // namespace outputs
