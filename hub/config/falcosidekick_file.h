// falcosidekick's own config.yaml, given to us as it is: its blocks of outputs that we have are sinks, of those that we
// lack there is one warning each, and what is unknown to both does not stop the hub.
#pragma once

#include "core/fields.h"
#include "hub/config/falcosidekick_keys.h"

#include <map>
#include <string>

namespace hub {

// The file is theirs when one of their outputs stands at its top.
bool is_falcosidekick_file(const core::YamlNode& root);

// Keys as falcosidekick reads them, which minds no case (outputFieldFormat): in lower case, but for those that are
// the user's own (customfields, headers).
core::YamlNode with_falcosidekick_case(core::YamlNode root);

// The output's block, or the variables, give it what it needs to be in use.
bool is_in_use(const FalcosidekickOutput& output, const core::YamlNode* block,
               const std::map<std::string, std::string>& environment);

// One warning for each output in use, in file or environment, that we lack; for each variable of a key without effect;
// and for each variable that looks like a misspelt one. No value is ever shown. Conceals the blocks
// that no output is going to read. Marks all output blocks as known.
void warn_of_what_we_lack(const core::YamlNode& root, const std::map<std::string, std::string>& environment,
                          core::Fields& fields);

}  // namespace hub
