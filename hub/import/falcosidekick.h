// falcosidekick's configuration (its file, its variables, or both) as the hub.yaml and outputs.yaml that do the same.
// Pure: text in, text out.
#pragma once

#include "core/yaml.h"

#include <map>
#include <string>
#include <vector>

namespace hub {

// Where the values of secrets go, which are never printed: `variable` names the environment variable that holds, or is
// to hold it; with a folder a file there is written instead, for what the file had.
struct ImportedSecret {
  std::string variable;  // SLACK_WEBHOOKURL; a file's name too
  std::string value;
  std::string from;  // "config.yaml:12:15" or "the environment"
};

struct Imported {
  std::string hub_yaml, outputs_yaml;
  std::vector<std::string> notes;       // what was not carried over, or differs: one sentence each, no secret in it
  std::vector<ImportedSecret> secrets;  // referred to by the texts; those of the environment stay there
};

struct ImportOptions {
  std::string secrets_folder;  // "": secrets become ${env:…}; else those of the file become ${file:FOLDER/…}
};

// `file`: the root of their config.yaml, or an empty node. `environment`: may be empty; it wins, as at falcosidekick.
Imported import_falcosidekick(const core::YamlNode& file, const std::map<std::string, std::string>& environment,
                              const ImportOptions& options);

}  // namespace hub
