// What a sink was made of, as one number, so that a reload can tell a sink that changed from one that did not: its
// options with ${env:} and ${file:} as they read now, the files that it names (keys that end in "file"), what it has
// from the environment, the defaults and hub.yaml. Two different sinks have the same one as good as never, and secrets
// cannot be read from it.
#pragma once

#include "core/yaml.h"
#include "outputs/output.h"

#include <map>
#include <string>

namespace hub {

std::size_t fingerprint_of(const core::YamlNode& node);
std::size_t fingerprint_of(const core::YamlNode& options, const std::map<std::string, std::string>& overrides,
                           std::size_t defaults, const outputs::Surroundings& surroundings);

}  // namespace hub
