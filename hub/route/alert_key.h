// What makes two alerts alike, for dedup, throttle, group and inhibition: the values of the names under `by` or
// `equal`.
#pragma once

#include "core/alert.h"

#include <string>
#include <string_view>
#include <vector>

namespace hub {

// rule, hostname, source, priority, output, tags, or an output field; "" when the alert has none.
std::string value_of(const core::Alert& alert, std::string_view name);

// Different values never make the same key, not even those an attacker chose: lengths stand in front, and what is long
// is replaced by its SHA-256. At most 64 bytes.
std::string key_of(const core::Alert& alert, const std::vector<std::string>& names);

}  // namespace hub
