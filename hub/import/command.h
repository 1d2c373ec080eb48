// `tocsin-hub import falcosidekick FILE | --env [--to FOLDER]`: prints hub.yaml and outputs.yaml, or writes them.
#pragma once

#include "hub/config/hub_config.h"

#include <string>

namespace hub {

struct ImportCommand {
  std::string file;  // "": none
  bool variables = false;
  std::string folder;  // "": to stdout
};

// Notes go to stderr. Nothing that may be a secret is ever printed; with a folder, secrets of the file go into files
// there that only their owner can read, and nothing that is there already is overwritten. The program's exit status.
int run_import(const ImportCommand& command, const Environment& environment);

}  // namespace hub
