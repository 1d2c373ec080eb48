// What a journal record of type Alert holds. Version 1, the usual one: version (1 byte), id (16 bytes), time of receipt
// (8 bytes, little endian, nanoseconds since 1970), and the alert's own bytes to the end. Version 2, for what the hub
// stores of its own accord: between the time and the alert's bytes stand its directions, as numbers and texts of
// core/varint.h: count of sinks, then each sink's name; then `closes`. The alert is decoded again by whoever reads it,
// so that only one form is ever stored.
#pragma once

#include "core/alert.h"
#include "core/alert_decoder.h"
#include "hub/ingest/mutations.h"

#include <string>
#include <string_view>

namespace hub {

// `directions`: empty ones are as good as none.
std::string encode_alert_record(const core::AlertId& id, core::TimePoint received, std::string_view json,
                                const core::Directions& directions = {});

// The alert as ingest saw it: id, received and directions set, mutations applied. Fault::Corrupt: no record of ours, or
// of a newer version; Fault::Invalid: the alert is beyond today's limits (they were lowered since it was taken).
core::Result<core::Alert> decode_alert_record(core::AlertDecoder& decoder, std::string_view payload,
                                              const Mutations& mutations);

}  // namespace hub
