// What a journal record of type Alert holds: version (1 byte), id (16 bytes), time of receipt (8 bytes, little endian,
// nanoseconds since 1970), and the alert's own bytes to the end. The alert is decoded again by whoever reads it, so
// that only one form is ever stored.
#pragma once

#include "core/alert.h"
#include "core/alert_decoder.h"

#include <string>
#include <string_view>

namespace hub {

std::string encode_alert_record(const core::AlertId& id, core::TimePoint received, std::string_view json);

// The alert as ingest saw it: id and received set, mutations applied. Fault::Corrupt: no record of ours, or of a newer
// version; Fault::Invalid: the alert is beyond today's limits (they were lowered since it was taken).
core::Result<core::Alert> decode_alert_record(core::AlertDecoder& decoder, std::string_view payload);

}  // namespace hub
