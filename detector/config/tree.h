// What happens to the configuration before it is read: config_files merged in, -o key=value set, ${VAR} expanded. All on the tree of nodes,
// so that a fault still knows its place.
#pragma once

#include "core/yaml.h"

#include <string>
#include <string_view>

namespace detector {

// falco.yaml's merge strategies, all at the top-level key: Append joins sequences and replaces the rest, Override replaces, AddOnly adds.
enum class Merge { Append, Override, AddOnly };
void merge_config(core::YamlNode& into, const core::YamlNode& from, Merge strategy);

// One -o: "json_output=true", "rules[].disable.rule=*", "append_output[0].extra_output=x", "http_output={enabled: true}". A dot or bracket
// that is part of a name is escaped with a backslash. A value that begins with { or [ is YAML; any other is a scalar, verbatim.
void set_override(core::YamlNode& root, const std::string& assignment, core::Diagnostics& diagnostics);

// ${VAR} in every scalar becomes the variable (unset: nothing), as Falco expands it. $${VAR} and ${env:…}, ${file:…} are left to
// core::resolve_references, and a value that came from the environment is escaped, so that it cannot refer to a file.
void expand_environment(core::YamlNode& node);

}  // namespace detector
