// librdkafka's properties that the user sets by librdkafka's own names: which may be, and which an option of ours
// stands for.
#pragma once

#include "core/fields.h"

#include <map>
#include <string>
#include <string_view>

namespace outputs {

// Reports each property that is ours to set, that librdkafka does not know, or whose value it refuses (without quoting
// the value: it may be a secret).
void check_properties(core::Fields& fields, std::string_view key, const std::map<std::string, std::string>& properties);

}  // namespace outputs
