#include "hub/cli.h"

#include "core/log.h"
#include "hub/cli/cli.h"

#include <fmt/format.h>

#include <sys/prctl.h>
#include <sys/resource.h>

namespace hub {

#define COMMAND(name) void cli_##name(Cli& cli);
#include "hub/cli/commands.def"
#undef COMMAND

namespace {

// Alerts and tokens are in this program's memory: they shall not lie about in core files, nor be read by whoever can
// ptrace.
void keep_memory_to_ourselves() {
#ifndef __SANITIZE_ADDRESS__  // its leak check attaches to us
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

int serve(const CommandLine& line, const HubParts& parts) {
  keep_memory_to_ourselves();
  boost::asio::io_context loop{1};  // outlives the outputs
  core::Diagnostics diagnostics;
  Configuration configuration = read_configuration(line, loop, diagnostics);
  if (!tell(diagnostics)) return 2;
  core::set_log_level(configuration.hub.level());
  core::set_log_format(configuration.hub.log_format == "json" ? core::LogFormat::Json : core::LogFormat::Text);

  Rereading rereading{
      .read = [&line, &loop](core::Diagnostics& faults) { return read_configuration(line, loop, faults); },
      .files = files_of(line, configuration)};
  auto hub = Hub::open(configuration.hub, std::move(configuration.outputs), loop, parts, std::move(rereading));
  if (!hub) {
    fmt::print(stderr, "tocsin-hub: {}\n", hub.error().what);
    return 1;
  }
  (*hub)->run();
  return 0;
}

}  // namespace

Cli::Cli(const HubParts& its_parts)
    : parts{its_parts},
      app{"Takes security alerts over HTTP, keeps them, and delivers them to every sink they are for.", "tocsin-hub"} {}

int hub_main(int argc, char** argv, const HubParts& parts) {
  Cli cli{parts};
  bool options = false;
  cli.app.fallthrough();
  cli.app.require_subcommand(0, 1);
  cli.app.set_version_flag("-v,--version", std::string{"tocsin-hub "} + TOCSIN_VERSION);
  cli.app
      .add_option("-c,--config,--config-file", cli.line.config,
                  "hub.yaml; without it /etc/tocsin/hub.yaml if there, else embedded defaults")
      ->type_name("FILE");
  cli.app
      .add_option("--outputs", cli.line.outputs,
                  "outputs.yaml; without it the one beside hub.yaml if there, else embedded defaults")
      ->type_name("FILE");
  cli.app.add_option("--state-directory", cli.line.state_directory, "where journal and delivery state are kept")
      ->type_name("FOLDER");
  cli.app.add_option("--listen-port", cli.line.listen_port, "TCP port to listen on; 0: any free one")
      ->type_name("PORT");
  cli.app.add_flag("--json", cli.as_json, "print JSON instead of a table");
  cli.app.add_flag("--list-options", options, "print every configuration option as markdown");
#define COMMAND(name) cli_##name(cli);
#include "hub/cli/commands.def"
#undef COMMAND

  try {
    cli.app.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    return cli.app.exit(fault) == 0 ? 0 : 2;
  }
  if (options) {
    fmt::print("{}", list_options());
    return 0;
  }
  for (const auto& [command, run] : cli.runs)
    if (command->parsed()) return run();
  return serve(cli.line, parts);
}

}  // namespace hub
