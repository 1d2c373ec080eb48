// falcosidekick's configuration keys and variables that we know and do not have, or have elsewhere: who brings their
// file along hears of each once, by name, and the hub starts.
#pragma once

#include "core/fields.h"

#include <map>
#include <string>

namespace hub {

// One warning for each such key in the file; marks it as known, so that finish() does not call it an error.
void warn_of_foreign_keys(const core::YamlNode& root, core::Fields& fields);

// One warning for each such variable that is set and not empty.
void warn_of_foreign_variables(const std::map<std::string, std::string>& environment, core::Diagnostics& diagnostics);

}  // namespace hub
