#include "hub/cli.h"

#include "core/log.h"
#include "hub/cli_commands.h"
#include "hub/cli_configuration.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <sys/prctl.h>
#include <sys/resource.h>

namespace hub {
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

// True: nothing stands in the way of starting.
bool tell(const core::Diagnostics& diagnostics) {
  fmt::print(stderr, "{}", diagnostics.render());
  if (diagnostics.has_errors()) fmt::print(stderr, "{}\n", diagnostics.summary());
  return !diagnostics.has_errors();
}

int check_config(const CommandLine& line) {
  boost::asio::io_context loop;
  core::Diagnostics diagnostics;
  const Configuration configuration = read_configuration(line, loop, diagnostics);
  if (!tell(diagnostics)) return 2;
  fmt::print("{}: ok\n{}: ok, {} sinks, {} routes\n",
             configuration.hub_file.empty() ? "embedded hub.yaml" : configuration.hub_file,
             configuration.outputs_file.empty() ? "embedded outputs.yaml" : configuration.outputs_file,
             configuration.outputs.sinks.size(), configuration.outputs.routes.size());
  return 0;
}

int serve(const CommandLine& line, const HubParts& parts) {
  keep_memory_to_ourselves();
  boost::asio::io_context loop{1};  // outlives the outputs
  core::Diagnostics diagnostics;
  Configuration configuration = read_configuration(line, loop, diagnostics);
  if (!tell(diagnostics)) return 2;
  core::set_log_level(configuration.hub.level());
  core::set_log_format(configuration.hub.log_format == "json" ? core::LogFormat::Json : core::LogFormat::Text);

  auto hub = Hub::open(configuration.hub, std::move(configuration.outputs), loop, parts);
  if (!hub) {
    fmt::print(stderr, "tocsin-hub: {}\n", hub.error().what);
    return 1;
  }
  (*hub)->run();
  return 0;
}

}  // namespace

int hub_main(int argc, char** argv, const HubParts& parts) {
  CLI::App app{"Takes security alerts over HTTP, keeps them, and delivers them to every sink they are for.",
               "tocsin-hub"};
  CommandLine line;
  bool options = false, as_json = false;
  std::string sink;
  std::int64_t number = 0;
  app.fallthrough();
  app.require_subcommand(0, 1);
  app.set_version_flag("-v,--version", std::string{"tocsin-hub "} + TOCSIN_VERSION);
  app.add_option("-c,--config,--config-file", line.config,
                 "hub.yaml; without it /etc/tocsin/hub.yaml if there, else embedded defaults")
      ->type_name("FILE");
  app.add_option("--outputs", line.outputs,
                 "outputs.yaml; without it the one beside hub.yaml if there, else embedded defaults")
      ->type_name("FILE");
  app.add_option("--state-directory", line.state_directory, "where journal and delivery state are kept")
      ->type_name("FOLDER");
  app.add_option("--listen-port", line.listen_port, "TCP port to listen on; 0: any free one")->type_name("PORT");
  app.add_flag("--json", as_json, "print JSON (status, dead-letters)");
  app.add_flag("--list-options", options, "print every configuration option as markdown");

  CLI::App* check = app.add_subcommand("check-config", "read and check the configuration; start nothing");
  CLI::App* status = app.add_subcommand("status", "how the running hub and its sinks are");
  CLI::App* letters = app.add_subcommand("dead-letters", "alerts that a sink would not take");
  letters->require_subcommand(1);
  CLI::App* list = letters->add_subcommand("list", "one line each");
  list->add_option("--sink", sink, "of this sink alone")->type_name("NAME");
  CLI::App* show = letters->add_subcommand("show", "one, with its alert");
  show->add_option("number", number, "its number in the list")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    return app.exit(fault) == 0 ? 0 : 2;
  }
  if (options) {
    fmt::print("{}", list_options());
    return 0;
  }
  if (check->parsed()) return check_config(line);
  if (!status->parsed() && !letters->parsed()) return serve(line, parts);

  core::Diagnostics diagnostics;
  const HubConfig config = read_hub_file(line, diagnostics);
  if (!tell(diagnostics)) return 2;
  const Form form = as_json ? Form::Json : Form::Table;
  if (status->parsed()) return show_status(config, form);
  return list->parsed() ? list_dead_letters(config, parts, sink, form) : show_dead_letter(config, parts, number, form);
}

}  // namespace hub
