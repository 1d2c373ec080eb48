// tocsin-hub check-config: reads everything that a start would, and says what is wrong with it.
#include "hub/cli/cli.h"

#include "hub/route/route_cases.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace hub {
namespace {

// routes_test.yaml beside outputs.yaml, if there is one: what it expects comes true.
struct RouteTests {
  std::string file;
  std::size_t count = 0;
};
RouteTests check_routes(const Configuration& configuration, core::Diagnostics& diagnostics) {
  RouteTests tests;
  if (configuration.outputs_file.empty()) return tests;
  const auto beside = std::filesystem::path{configuration.outputs_file}.parent_path() / "routes_test.yaml";
  std::ifstream stream{beside, std::ios::binary};
  if (!stream) return tests;
  tests.file = beside.string();
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  tests.count = check_route_cases(tests.file, text, table_of(configuration.outputs), diagnostics);
  return tests;
}

int check_config(const Cli& cli) {
  boost::asio::io_context loop;
  core::Diagnostics diagnostics;
  const Configuration configuration = read_configuration(cli.line, loop, diagnostics);
  RouteTests tests;
  if (!diagnostics.has_errors()) tests = check_routes(configuration, diagnostics);
  if (!tell(diagnostics)) return 2;
  fmt::print("{}: ok\n{}: ok, {} sinks, {} routes\n",
             configuration.hub_file.empty() ? "embedded hub.yaml" : configuration.hub_file,
             configuration.outputs_file.empty() ? "embedded outputs.yaml" : configuration.outputs_file,
             configuration.outputs.sinks.size(), configuration.outputs.routes.size());
  if (!tests.file.empty()) fmt::print("{}: ok, {} tests\n", tests.file, tests.count);
  return 0;
}

}  // namespace

void cli_check_config(Cli& cli) {
  CLI::App* command = cli.app.add_subcommand("check-config", "read and check the configuration; start nothing");
  cli.on(command, [&cli] { return check_config(cli); });
}

}  // namespace hub
