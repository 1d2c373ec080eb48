// tocsin-hub import falcosidekick FILE | --env: another program's configuration as ours. Asks no hub.
#include "hub/cli/cli.h"
#include "hub/import/command.h"

namespace hub {

void cli_import(Cli& cli) {
  CLI::App* command = cli.app.add_subcommand("import", "turn another program's configuration into ours");
  command->require_subcommand(1);
  CLI::App* falcosidekick = command->add_subcommand("falcosidekick", "its config.yaml, or its variables, or both");
  auto& import = cli.keep<ImportCommand>();
  falcosidekick->add_option("file", import.file, "its config.yaml")->type_name("FILE");
  falcosidekick->add_flag("--env", import.variables, "the variables of this environment; they win over the file");
  falcosidekick->add_option("--to", import.folder, "write hub.yaml, outputs.yaml and secrets/ there, over nothing")
      ->type_name("FOLDER");
  cli.on(falcosidekick, [&import] { return run_import(import, process_environment()); });
}

}  // namespace hub
