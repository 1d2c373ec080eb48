// tocsin-hub check-config: reads everything that a start would, and says what is wrong with it.
#include "hub/cli/cli.h"

#include <fmt/format.h>

namespace hub {
namespace {

int check_config(const Cli& cli) {
  boost::asio::io_context loop;
  core::Diagnostics diagnostics;
  const Configuration configuration = read_configuration(cli.line, loop, diagnostics);
  if (!tell(diagnostics)) return 2;
  fmt::print("{}: ok\n{}: ok, {} sinks, {} routes\n",
             configuration.hub_file.empty() ? "embedded hub.yaml" : configuration.hub_file,
             configuration.outputs_file.empty() ? "embedded outputs.yaml" : configuration.outputs_file,
             configuration.outputs.sinks.size(), configuration.outputs.routes.size());
  return 0;
}

}  // namespace

void cli_check_config(Cli& cli) {
  CLI::App* command = cli.app.add_subcommand("check-config", "read and check the configuration; start nothing");
  cli.on(command, [&cli] { return check_config(cli); });
}

}  // namespace hub
