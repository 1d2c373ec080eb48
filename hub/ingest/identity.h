// Who sent an alert becomes part of it: output field "tocsin.producer" is written into the bytes that came, so that
// routes, sinks and everybody who reads the alert later see it. A sender that writes this field itself is refused: the
// decoder does not take a key twice.
#pragma once

#include <string>
#include <string_view>

namespace hub {

inline constexpr std::string_view kProducerField = "tocsin.producer";
// "true" where an alert's hostname is none of its producer's hosts.
inline constexpr std::string_view kDisputedField = "tocsin.hostname_disputed";

// `json` (an alert, an array of them, or NDJSON; valid or not) with `"name":"value"` at the beginning of every
// output_fields. All other bytes stay. A sender may hide output_fields behind escapes, so whoever
// decodes the result must look whether the field is there.
std::string add_output_field(std::string_view json, std::string_view name, std::string_view value);

}  // namespace hub
