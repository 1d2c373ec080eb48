// falcosidekick's customfields, customtags, templatedfields, bracketreplacer and outputfieldformat: from hub.yaml and
// from its variables, which add to what the file has.
#pragma once

#include "core/fields.h"
#include "hub/ingest/mutations.h"

#include <map>
#include <string>

namespace hub {

void describe_mutations(core::Fields& fields, MutationOptions& options);

// CUSTOMFIELDS=k:v,k:v (a value %NAME is the variable NAME), CUSTOMTAGS=a,b and TEMPLATEDFIELDS=k:template,…; a comma
// within {{…}} belongs to the template, and only the first ':' ends a key. Also resolves %NAME in values from the file.
void add_variables(MutationOptions& options, const std::map<std::string, std::string>& environment,
                   core::Diagnostics& diagnostics);

}  // namespace hub
